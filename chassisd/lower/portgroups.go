package lower

import (
	"sync"

	"github.com/weft-sdn/weft/lflow"
)

// Bits of port groups: the upper halves of the registers that hold the DNAT
// and the SNAT zone say in which of 32 port groups the port is whose zone the
// third one holds: that by which the packet came in, in the ingress pipeline,
// that by which it will leave, in the egress pipeline.
const (
	// PortGroupBits is the number of the bits.
	PortGroupBits = 32
	groupHalf     = 16 // bits of a register, above as many of the zone
)

// PortGroupHalves returns what the registers of the DNAT and the SNAT zone hold in
// their upper halves: bits 0 to 15, and 16 to 31.
func PortGroupHalves(bits uint32) (dnat, snat uint32) {
	return bits << groupHalf, bits &^ (1<<groupHalf - 1)
}

// groupFields are the two registers as fields of the language. No text can
// name them: they are not in the standard table, but behind its end.
var groupFields = sync.OnceValue(func() [2]lflow.Field {
	defs := []lflow.Definition{
		{Name: "reg11", Kind: lflow.KindField, Level: lflow.Ordinal, Width: 32},
		{Name: "reg12", Kind: lflow.KindField, Level: lflow.Ordinal, Width: 32},
	}
	t, err := lflow.Standard().Extend(defs)
	if err != nil {
		panic(err) // the definitions are above
	}
	dnat, _ := t.FieldOf(defs[0].Name)
	snat, _ := t.FieldOf(defs[1].Name)
	return [2]lflow.Field{dnat, snat}
})

// groupBit is a bit of the registers.
func groupBit(bit uint8) lflow.Field {
	return groupFields()[bit/groupHalf].Bit(groupHalf + int(bit%groupHalf))
}
