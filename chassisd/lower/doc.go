// Package lower turns logical flows into OpenFlow flows for one chassis.
//
// A Lowerer takes the text of a logical flow and the Env of the datapath that
// it is for, and appends OpenFlow flows. Each action of package lflow has a
// twin here, in a file of its own (act_*.go), which encodes it; those that
// need the agent become a controller action whose userdata is described, and
// decoded, in userdata.go.
//
// The rule that matters: the result is a function of the flow and of what the
// Env answers, so that whoever records what was asked of the Env knows all
// that the result depends on. What needs no answer is worked out once per
// text and shared between datapaths.
//
// Imports: lflow, lflow/portsec, ofctrl/ofp, schema/sb
package lower
