package tables

import (
	"testing"

	"github.com/weft-sdn/weft/schema/sb"
)

// TestNames: the names of a row are known where one of its switches is; with that they come
// and go.
func TestNames(t *testing.T) {
	c := &cloud{world: newWorld(t)}
	c.datapath("s", 5)
	c.Datapaths.Set(id("far"), &sb.DatapathBinding{TunnelKey: 6})
	c.port("s", "vm", 1, "")
	c.iface("vm", 1)
	for row, sw := range map[string]string{"here": "s", "there": "far"} {
		c.NamesOwned.Set(id(row), true)
		c.NamesOn.Set(Member{Group: id(row), Row: id(sw)}, struct{}{})
		c.AllNames.Set(NamesPart{id(row), "0"}, Names(row+".test\x0010.0.0.1\x00b.test\x00\x00"))
	}
	c.commit()
	count := func() (n int) {
		for range c.Names.All() {
			n++
		}
		return n
	}
	if names, ok := c.Names.Get(NamesPart{id("here"), "0"}); !ok || count() != 1 {
		t.Fatalf("%d parts", count())
	} else {
		got := ""
		names.Each(func(name, value string) { got += name + "=" + value + ";" })
		if got != "here.test=10.0.0.1;b.test=;" {
			t.Error(got)
		}
	}
	if key, ok := c.NamesAt.Get(Member{Group: id("here"), Row: id("s")}); !ok || key != 5 {
		t.Error(key, ok)
	}
	if _, ok := c.OwnedNames.Get(id("there")); ok {
		t.Error("names of another hypervisor")
	}
	c.NamesOn.Delete(Member{Group: id("here"), Row: id("s")})
	c.commit()
	if count() != 0 {
		t.Error("the switch lost them")
	}
}
