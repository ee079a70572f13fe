package duty

import (
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// TestReply: an answer is on the datapath and at the port of the packet, with its
// registers, and did not come by the packet's tunnel.
func TestReply(t *testing.T) {
	var m ofp.MatchBuilder
	m.Set(ofp.Metadata, 5)
	m.Set(ofp.Reg0, 7)
	m.Set(ofp.Reg15, 3)
	m.Set(ofp.InPort, uint64(ofp.PortController))
	want := m.Match()
	for f, v := range map[ofp.Field]uint64{ofp.TunID: 9, ofp.TunDst: 0x0a000002, ofp.TunMetadata0: 1<<16 | 3, ofp.CTMark: 1} {
		m.Set(f, v)
	}
	m.Clear(ofp.InPort)
	m.Set(ofp.InPort, 2)
	var sent []*ofp.PacketOut
	r := NewRunner(Config{Out: func(p *ofp.PacketOut) error { sent = append(sent, p); return nil }})
	out := &Out{r: r}
	if err := out.Reply(&Packet{PacketIn: &ofp.PacketIn{Metadata: m.Match()}}, []byte{1}, ""); err != nil {
		t.Fatal(err)
	}
	if len(sent) != 1 || sent[0].Fields != want {
		t.Errorf("%v, want %s", sent, want)
	}
}
