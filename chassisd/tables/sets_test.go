package tables

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema/sb"
)

func (w world) addressSet(name string, addresses ...string) {
	w.AddressSets.Set(id(name), &sb.AddressSet{Name: name})
	for _, a := range addresses {
		w.Addresses.Set(SetMember{id(name), a}, struct{}{})
	}
}

// portGroup makes the row of a datapath, "<tunnel key>_<group>".
func (w world) portGroup(name string, ports ...string) {
	w.PortGroups.Set(id(name), &sb.PortGroup{Name: name})
	for _, p := range ports {
		w.PortGroupPorts.Set(SetMember{id(name), p}, struct{}{})
	}
}

func (w world) unit(owner, unit string) (flows, errors string) {
	l, _ := w.Units.Get(Path{id(owner), unit})
	return text(l.Flows), strings.Join(l.Errors, "\n")
}

func TestAddressSets(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.port("sw", "vm1", 1, "")
	w.iface("vm1", 7)
	w.chunk("sw", "acl", sb.Flow{Match: "ip4.src == $web", Actions: "next;", Stage: "ls_in_acl", Source: "acl"})
	w.commit()
	if f, errs := w.unit("sw", "acl"); f != "" || errs != "flow of ls_in_acl (acl): match \"ip4.src == $web\": lflow: at offset 11: unknown address set $web" {
		t.Errorf("without the set: %s%s", f, errs)
	}
	w.addressSet("web", "10.0.0.1", "10.1.0.0/16", "fd00::1", "10.0.0")
	w.commit()
	f, errs := w.unit("sw", "acl")
	if strings.Count(f, "\n") != 2 || !strings.Contains(f, "nw_src=10.0.0.1 ") || !strings.Contains(f, "nw_src=10.1.0.0/16 ") {
		t.Errorf("flows:\n%s", f)
	}
	if !strings.HasPrefix(errs, `flow of ls_in_acl (acl): address set web: address "10.0.0": `) {
		t.Errorf("errors: %s", errs)
	}
	w.Addresses.Delete(SetMember{id("web"), "10.0.0"})
	w.Addresses.Delete(SetMember{id("web"), "10.0.0.1"})
	w.addressSet("web", "10.0.0.2")
	w.commit()
	f, errs = w.unit("sw", "acl")
	if strings.Count(f, "\n") != 2 || !strings.Contains(f, "nw_src=10.0.0.2 ") || errs != "" {
		t.Errorf("another member: %s%s", f, errs)
	}
	w.AddressSets.Set(id("web"), &sb.AddressSet{Name: "other"})
	w.commit()
	if f, errs := w.unit("sw", "acl"); f != "" || errs == "" {
		t.Errorf("of another name: %s%s", f, errs)
	}
}

// TestPortGroups: where packets enter or leave, the ports of this chassis are
// enough; elsewhere it takes all of the datapath's.
func TestPortGroups(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.port("sw", "vm1", 1, "")
	w.port("sw", "vm2", 2, "")
	w.port("sw", "patch", 3, "")
	w.Ports.Set(id("patch"), Port{Name: "patch", Type: "patch", Datapath: id("sw"), Key: 3})
	w.iface("vm1", 7)
	w.claim("vm2", "hv2", 10, "")
	w.portGroup("5_pg", "vm1", "vm2", "patch", "unheard")
	w.portGroup("6_other", "vm1")
	w.PortGroupBits.Set("pg", PortGroupBit{None: true})
	unit := func(pipeline uint8, match string) string {
		w.chunk("sw", "acl", sb.Flow{Pipeline: pipeline, Match: match, Actions: "next;"})
		w.commit()
		f, errs := w.unit("sw", "acl")
		var keys []string
		for _, line := range strings.Split(strings.TrimSpace(f), "\n") {
			if i := strings.Index(line, "reg1"); i >= 0 {
				keys = append(keys, line[i:i+9])
			}
		}
		return strings.Join(keys, " ") + errs
	}
	for _, c := range []struct {
		pipeline    uint8
		match, want string
	}{
		{sb.Ingress, "inport == @pg", "reg14=0x1 reg14=0x3"},
		{sb.Ingress, "outport == @pg", "reg15=0x1 reg15=0x2 reg15=0x3"},
		{sb.Egress, "outport == @pg", "reg15=0x1 reg15=0x3"},
		{sb.Egress, "inport == @pg", "reg14=0x1 reg14=0x2 reg14=0x3"},
		{sb.Ingress, "inport == @other", ""},
		{sb.Ingress, "inport == @nobody", ""},
	} {
		if got := unit(c.pipeline, c.match); got != c.want {
			t.Errorf("%d %s: %s, want %s", c.pipeline, c.match, got, c.want)
		}
	}
	w.iface("vm2", 8)
	w.claim("vm2", "hv1", 20, "")
	if got := unit(sb.Ingress, "inport == @pg"); got != "reg14=0x1 reg14=0x2 reg14=0x3" {
		t.Errorf("with a second port here: %s", got)
	}
	w.PortGroupPorts.Delete(SetMember{id("5_pg"), "vm1"})
	if got := unit(sb.Ingress, "inport == @pg"); got != "reg14=0x2 reg14=0x3" {
		t.Errorf("with a port less: %s", got)
	}

	// Nothing sets the bit of a port that is no interface's.
	w.PortGroupBits.Set("pg", PortGroupBit{Bit: 16, Matched: true})
	if got := unit(sb.Ingress, "inport == @pg"); got != "reg14=0x2 reg14=0x3" {
		t.Errorf("with a patch port: %s", got)
	}
	if u, _ := w.PortGroupUse.Get("pg"); u != (PortGroupUse{Flows: 1, Ports: 2, Other: true}) {
		t.Errorf("use with a patch port: %+v", u)
	}
	w.PortGroupPorts.Delete(SetMember{id("5_pg"), "patch"})
	if got := unit(sb.Ingress, "inport == @pg"); got != "reg12=0x1" {
		t.Errorf("with a bit: %s", got)
	}
	if got := unit(sb.Ingress, "outport == @pg"); got != "reg15=0x2" {
		t.Errorf("the other port: %s", got)
	}
	if f := w.flowsOf("vm2"); strings.Count(f, "set_field:0x10000->reg12") != 2 {
		t.Errorf("flows of vm2:\n%s", f)
	}
	if f := w.flowsOf("vm1"); strings.Count(f, "set_field:0->reg12") != 2 {
		t.Errorf("flows of vm1:\n%s", f)
	}
}

// TestOneAddress: in a large set one address more or less is a few flows of
// each that uses it, and lowers nothing else.
func TestOneAddress(t *testing.T) {
	w := setACLs(t, 3, 1000, "")
	want := 3 * 1000
	if n := w.flowCount(); n != want {
		t.Fatalf("%d flows, want %d", n, want)
	}
	for i, change := range []func(){
		func() { w.addressSet("set", "192.0.2.1") },
		func() { w.addressSet("set", "2001:db8::1", "bad") },
		func() { w.Addresses.Delete(SetMember{id("set"), "10.0.0.7"}) },
	} {
		change()
		w.commit()
		if n := len(w.Units.Changes()); n != 0 {
			t.Errorf("%d: %d units are lowered", i, n)
		}
		flows := 0
		for _, c := range w.FamilyFlows.Changes() {
			flows += c.New.Flows.Len()
		}
		if flows > 2*3*fewMembers {
			t.Errorf("%d: %d flows are looked at", i, flows)
		}
	}
	if n := w.flowCount(); n != want {
		t.Errorf("%d flows, want %d", n, want)
	}
	bad := 0
	for _, l := range w.FamilyFlows.All() {
		for _, e := range l.Errors {
			if strings.HasPrefix(e, `flow of  (): address set set: address "bad": `) {
				bad++
			}
		}
	}
	if bad != 3 {
		t.Errorf("the bad address is reported %d times", bad)
	}
	// Small again: the units have it all.
	for m := range w.Addresses.All() {
		if w.Addresses.Len() <= 10 {
			break
		}
		w.Addresses.Delete(m)
	}
	w.commit()
	if w.FamilyFlows.Len() != 0 {
		t.Errorf("%d parts of a small set", w.FamilyFlows.Len())
	}
}

// TestBuckets: one address more splits or joins one bucket, wherever the size
// of the set stands.
func TestBuckets(t *testing.T) {
	w := newWorld(t)
	w.Tables.sets.few = 4
	w.AddressSets.Set(id("set"), &sb.AddressSet{Name: "set"})
	w.datapath("sw", 5)
	w.port("sw", "vm1", 1, "")
	w.iface("vm1", 7)
	w.chunk("sw", "acl", sb.Flow{Match: "ip4.src == $set", Actions: "next;"})
	for i := range 300 {
		w.addressSet("set", fmt.Sprint("10.0.0.", i))
		before := map[part]bool{}
		for p := range w.Tables.sets.buckets.All() {
			before[p] = true
		}
		w.commit()
		fresh, members := 0, 0
		for p, a := range w.Tables.sets.buckets.All() {
			members += len(a)
			if !before[p] {
				fresh++
			}
			if p.Level < maxLevel && len(a) > 4 {
				t.Fatalf("%d members in %+v", len(a), p)
			}
		}
		if members != i+1 || fresh > 8*maxLevel {
			t.Fatalf("%d members in the buckets of %d, %d buckets are new", members, i+1, fresh)
		}
	}
}
