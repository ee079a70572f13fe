package lflow

// IGMP lets the agent learn from an IGMP or MLD packet.
type IGMP struct{}

func (IGMP) Append(b []byte) []byte { return append(b, "igmp;"...) }

// Prerequisite is none: MLD comes here too, and the match says which.
func (IGMP) Prerequisites(es []*Expr) []*Expr { return es }

func parseIGMP(*actionParser) (Action, *Error) { return IGMP{}, nil }
