// Package bits gives the few bits of a field to those of many groups that gain
// most by having one, so that a flow of the group matches the bit instead of
// being repeated for each member.
//
// The rule: a packet that is on its way may carry the bits of a moment ago
// (conntrack sends it through the switch again). Therefore a group gets its bit
// in two steps: first the bit is set on packets, and only when that is in the
// switch, and Grace has passed, do flows match it. It loses it in the reverse
// order, and nobody else gets the bit before the last packet with it is gone.
// Where the flows that match a bit can tell which packets should have it, and
// give it to those that have not, they match it at once, and do so until Grace
// has passed.
//
// An agent that starts again finds in the bridge's external_ids which bits
// flows may match.
//
// What gains and what time it is come from outside.
//
// Imports: none
package bits
