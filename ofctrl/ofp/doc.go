// Package ofp is the wire codec of OpenFlow 1.5 and of the Nicira extensions
// that Open vSwitch understands: one construct a file, each with its encoder,
// its decoder and its printer in ovs-ofctl's notation.
//
// The one rule that matters: encoders append to the caller's buffer and do not
// allocate; decoders never panic, never trust a length, and are bounded by the
// bytes that they were given.
//
// A [Match] and an [Actions] are strings of wire bytes in one canonical form,
// the form in which Open vSwitch itself reports a flow, so that two flows are
// compared with == whether they come from the controller or from the switch.
//
// Imports: none
package ofp
