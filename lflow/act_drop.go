package lflow

// Drop discards the packet. It must be the only action.
type Drop struct{}

func (Drop) Append(b []byte) []byte { return append(b, "drop;"...) }
func (Drop) Prerequisite() *Expr    { return nil }

func parseDrop(*actionParser) (Action, *Error) { return Drop{}, nil }
