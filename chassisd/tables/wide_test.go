package tables

import (
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema/sb"
)

// TestWideUnit: the flows of a unit that says itself where it holds are made once
// for all of the wide group as soon as that has a bit, and until then for each of the
// owner's datapaths; the owner needs no bit for them.
func TestWideUnit(t *testing.T) {
	w := newWorld(t)
	for i, dp := range []string{"r1", "r2", "r3"} {
		vm := "vm" + dp
		w.datapath(dp, int64(5+i))
		w.Datapaths.Set(id(dp), &sb.DatapathBinding{TunnelKey: int64(5 + i), Type: ptr("logical-router")})
		w.port(dp, vm, 1, "")
		w.iface(vm, 7+i)
	}
	w.group("some", "r1", "r2")
	w.group("all", "r1", "r2", "r3")
	name := sb.WideUnit("address", id("all"))
	w.chunk("some", name, sb.Flow{Match: "reg8 == 9 && reg0 == 1", Actions: "eth.dst = 00:00:00:00:00:01; next;"})
	flows := func() (out string) {
		for k, l := range w.SharedUnits.All() {
			if k.Path.Unit == name {
				out += text(l.Flows)
			}
		}
		return out
	}
	w.commit()
	if f := flows(); strings.Count(f, "\n") != 2 || !strings.Contains(f, "metadata=0x5/0xffffff") || !strings.Contains(f, "metadata=0x6/0xffffff") {
		t.Errorf("where the wide group has no bit: %s", f)
	}
	w.GroupBits.Set(id("all"), GroupBit{Bit: 24, Matched: true})
	w.commit()
	if f := flows(); strings.Count(f, "\n") != 1 || !strings.Contains(f, "metadata=0x1000000/0x1000000 actions") {
		t.Errorf("where the wide group has one: %s", f)
	}
	if u, _ := w.GroupUse.Get(id("some")); u.Flows != 0 {
		t.Errorf("a bit of the owner is said to be good for %d flows", u.Flows)
	}
	w.GroupBits.Set(id("some"), GroupBit{Bit: 25, Matched: true})
	w.GroupBits.Set(id("all"), GroupBit{Bit: 24})
	w.commit()
	if f := flows(); strings.Count(f, "\n") != 2 {
		t.Errorf("where only the owner has one: %s", f)
	}
}
