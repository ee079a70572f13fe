package lflow

// Output sends the packet to the egress pipeline of outport, or from there
// to the port itself.
type Output struct{}

func (Output) Append(b []byte) []byte           { return append(b, "output;"...) }
func (Output) Prerequisites(es []*Expr) []*Expr { return es }

func parseOutput(*actionParser) (Action, *Error) { return Output{}, nil }
