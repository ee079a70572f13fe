package lower

import (
	"fmt"

	"github.com/weft-sdn/weft/lflow"
)

// PutNDRA are the arguments of OpPutNDRA: the result, then the ICMPv6 message
// of the advertisement, its checksum zero.
type PutNDRA struct {
	Result  Bit
	Message []byte
}

func (e *encoder) putNDRA(a lflow.PutNDRA) error {
	wire, err := a.Wire()
	if err != nil {
		return fmt.Errorf("lower: %w", err)
	}
	e.controller(append(appendBit(appendUserdata(nil, OpPutNDRA), a.Dst), wire...), true)
	return nil
}

func decodePutNDRA(r *reader) PutNDRA {
	a := PutNDRA{r.bit(), r.rest()}
	if len(a.Message) < 16 || a.Message[0] != 134 {
		r.bad = true
	}
	return a
}
