package trace

import (
	"testing"

	"github.com/weft-sdn/weft/lflow"
)

// FuzzTrace: whatever packets and flows say, a trace ends.
func FuzzTrace(f *testing.F) {
	f.Add("1", `next;`, `next(0);`, udp4)
	f.Add("ip4", `clone { next; }; outport = "_MC_flood"; output;`, `next(pipeline=ingress, table=0);`, udp4)
	f.Add(`inport == "rs"`, `ct_next; nd_na { output; };`, `outport = "sr"; output;`, "nd_ns && nd.target == fd00::1")
	for _, row := range lflow.ActionTable() {
		f.Add("1", row.Example, "output;", "ip4 && tcp.src == 80")
	}
	f.Fuzz(func(t *testing.T, match, in, out, packet string) {
		if len(match)+len(in)+len(out)+len(packet) > 1000 {
			return
		}
		n, sw, r := twoDatapaths(t)
		for _, d := range []*Datapath{sw, r} {
			d.AddFlow(&Flow{Pipeline: lflow.Ingress, Priority: 1, Match: match, Actions: in})
			d.AddFlow(&Flow{Pipeline: lflow.Egress, Priority: 1, Match: "1", Actions: out})
		}
		p, err := n.Microflow(packet)
		if err != nil {
			return
		}
		p.inport = "a"
		var ct Conntrack
		for _, o := range []Options{{}, {Conntrack: &ct, Learned: &Learned{}, Quoted: p}} {
			o.MaxTables = 500
			root, err := n.Trace(nil, p, o)
			if err != nil {
				t.Fatal(err)
			}
			root.Delivered()
			Minimal(root)
			p.OpenFlow()
		}
		ct.Connections()
	})
}
