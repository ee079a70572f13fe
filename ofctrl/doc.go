// Package ofctrl keeps the flows, groups and meters of one bridge equal to a
// desired state, and carries packets between the bridge and the agent.
//
// The one rule that matters: everything is level-triggered. [Controller.Update]
// changes the desired state and marks what it touched; the connection, when the
// switch has room, compares each marked key with what the switch is known to
// have and sends the difference as one atomic bundle. Reconnecting, a slow
// switch and repaired drift are all that same comparison; nothing is ever
// queued, so memory is bounded by the desired state.
//
// Imports: ofctrl/ofp
package ofctrl
