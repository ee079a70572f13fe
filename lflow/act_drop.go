package lflow

// Drop discards the packet. It must be the only action.
type Drop struct{}

func (Drop) Append(b []byte) []byte           { return append(b, "drop;"...) }
func (Drop) Prerequisites(es []*Expr) []*Expr { return es }

func parseDrop(*actionParser) (Action, *Error) { return Drop{}, nil }
