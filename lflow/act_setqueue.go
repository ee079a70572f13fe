package lflow

import "strconv"

// maxQueue is the largest number of a queue.
const maxQueue = 0xf000

// SetQueue sets the queue that the packet is in when it is output.
type SetQueue struct{ Queue uint16 }

func (a SetQueue) Append(b []byte) []byte {
	b = strconv.AppendUint(append(b, "set_queue("...), uint64(a.Queue), 10)
	return append(b, ");"...)
}

func (SetQueue) Prerequisites(es []*Expr) []*Expr { return es }

func parseSetQueue(p *actionParser) (Action, *Error) {
	if err := p.expect(tokLParen); err != nil {
		return nil, err
	}
	n, err := p.integer("a queue", maxQueue)
	if err != nil {
		return nil, err
	}
	return SetQueue{uint16(n)}, p.expect(tokRParen)
}
