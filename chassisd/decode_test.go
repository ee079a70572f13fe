package chassisd

import (
	"testing"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestDecodeSets: rows and members of sets, in any order, and bad ones.
func TestDecodeSets(t *testing.T) {
	d := newDecoder(tables.New())
	set, group := schema.NameUUID("set"), schema.NameUUID("group")
	row := func(table string, id schema.UUID) string { return sb.Prefix + table + "/" + id.String() }
	put := func(key, value string) { d.apply(key, view.Event{Value: []byte(value), Rev: 1}) }
	put(row("Address_Set", set)+"/addresses/10.0.0.0%2F8", "")
	put(row("Address_Set", set), `{"name":"web"}`)
	put(row("Port_Group", group), `{"name":"5_pg"}`)
	put(row("Port_Group", group)+"/ports/vm%201", "")
	put(row("Port_Group", group)+"/ports/vm%201/x", "")
	if len(d.bad) != 0 {
		t.Fatal(d.bad)
	}
	if a, _ := d.t.AddressSets.Get(set); a == nil || a.Name != "web" {
		t.Errorf("address set %+v", a)
	}
	if g, _ := d.t.PortGroups.Get(group); g == nil || g.Name != "5_pg" {
		t.Errorf("port group %+v", g)
	}
	address, port := tables.SetMember{Set: set, Text: "10.0.0.0/8"}, tables.SetMember{Set: group, Text: "vm 1"}
	if _, ok := d.t.Addresses.Get(address); !ok {
		t.Error("the address is not there")
	}
	if _, ok := d.t.PortGroupPorts.Get(port); !ok || d.t.PortGroupPorts.Len() != 1 {
		t.Error("the port is not there, or another is")
	}
	d.apply(row("Address_Set", set)+"/addresses/10.0.0.0%2F8", view.Event{Rev: 2})
	d.apply(row("Port_Group", group), view.Event{Rev: 2})
	if d.t.Addresses.Len() != 0 || d.t.PortGroups.Len() != 0 {
		t.Error("what was deleted is there")
	}
	bad := row("Port_Group", group) + "/ports/vm 1"
	put(bad, "")
	put(row("Address_Set", set), `{"name":7}`)
	if len(d.bad) != 2 || d.bad[bad] == "" || d.t.AddressSets.Len() != 0 {
		t.Errorf("bad keys: %v", d.bad)
	}
}
