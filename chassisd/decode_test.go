package chassisd

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

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

// TestStateInParts: a complete state that comes in parts replaces what there was
// when its last part is there; one that begins anew, what the parts before told.
func TestStateInParts(t *testing.T) {
	d := newDecoder(tables.New())
	dp := func(name string) schema.UUID { return schema.NameUUID(name) }
	take := func(reset, more bool, names ...string) {
		b := &view.Batch{Reset: reset, More: more, Events: map[string]view.Event{}}
		for _, n := range names {
			b.Events[sbKey("Datapath_Binding", dp(n))] = view.Event{Value: []byte(`{"tunnel_key":1}`), Rev: 1}
		}
		d.take(b)
	}
	have := func(want ...string) {
		t.Helper()
		for _, n := range want {
			if _, ok := d.t.Datapaths.Get(dp(n)); !ok {
				t.Errorf("%s is not there", n)
			}
		}
		if d.t.Datapaths.Len() != len(want) {
			t.Errorf("%d rows, want %v", d.t.Datapaths.Len(), want)
		}
	}
	take(true, true, "a", "b")
	take(true, true, "c")
	take(false, true, "a")
	have("a", "b", "c")
	take(false, false, "d")
	have("a", "c", "d")
	take(false, false, "e")
	have("a", "c", "d", "e")
	take(true, false, "b")
	have("b")
}

// TestDropForgets: of what is not followed any more nothing is left, nor what was
// wrong with it.
func TestDropForgets(t *testing.T) {
	d := newDecoder(tables.New())
	one, two := schema.NameUUID("one"), schema.NameUUID("two")
	b := &view.Batch{Events: map[string]view.Event{}}
	for _, dp := range []schema.UUID{one, two} {
		b.Events[flowPrefix+dp.String()] = view.Event{Value: []byte("no unit"), Rev: 1}
		b.Events[flowPrefix+dp.String()+"/base"] = view.Event{Value: []byte("flows"), Rev: 1}
	}
	d.take(b)
	if len(d.bad) != 2 || d.t.Chunks.Len() != 2 {
		t.Fatalf("bad are %v; %d chunks", d.bad, d.t.Chunks.Len())
	}
	d.take(&view.Batch{Dropped: map[schema.UUID]bool{one: true}})
	if len(d.bad) != 1 || d.bad[flowPrefix+two.String()] == "" || d.t.Chunks.Len() != 1 {
		t.Errorf("bad are %v; %d chunks", d.bad, d.t.Chunks.Len())
	}
}

// TestDecodeBuckets: units stay while their buckets are parted and joined, go when
// they are in none, and are dropped with their owner; what is wrong in a bucket is
// told, and its units are left out.
func TestDecodeBuckets(t *testing.T) {
	d := newDecoder(tables.New())
	dp := schema.NameUUID("dp")
	key := func(name string, bits int) string { return sb.Prefix + sb.BucketPath(dp, sb.HashUnit(name), bits) }
	value := func(names ...string) view.Event {
		var units []sb.Unit
		for _, n := range names {
			units = append(units, sb.Unit{Name: n, Chunk: []byte(n + "'s flows")})
		}
		return view.Event{Value: sb.EncodeUnits(units), Rev: 1}
	}
	have := func(want ...string) {
		t.Helper()
		for _, n := range want {
			if chunk, _ := d.t.Chunks.Get(tables.Path{Owner: dp, Unit: n}); chunk != n+"'s flows" {
				t.Errorf("%s is %q", n, chunk)
			}
		}
		if d.t.Chunks.Len() != len(want) {
			t.Errorf("%d units, want %v", d.t.Chunks.Len(), want)
		}
	}
	a, b := "a", "b"
	for i := 0; sb.HashUnit(a)>>63 == sb.HashUnit(b)>>63; i++ {
		b = fmt.Sprint("b", i)
	}
	d.take(&view.Batch{Reset: true, Events: map[string]view.Event{key(a, 0): value(a, b)}})
	have(a, b)
	d.take(&view.Batch{Events: map[string]view.Event{key(a, 0): {}, key(a, 1): value(a), key(b, 1): value(b)}})
	have(a, b)
	d.take(&view.Batch{Events: map[string]view.Event{key(b, 1): value()}})
	have(a)
	d.take(&view.Batch{Events: map[string]view.Event{key(a, 1): {}, key(b, 1): {}, key(a, 0): value(b, a)}})
	have(a, b)
	d.take(&view.Batch{Reset: true, Events: map[string]view.Event{key(a, 0): value(a)}})
	have(a)
	d.take(&view.Batch{Events: map[string]view.Event{key(a, 0): {Value: []byte("nonsense"), Rev: 2}}})
	if have(); len(d.bad) != 1 {
		t.Errorf("bad are %v", d.bad)
	}
	d.take(&view.Batch{Events: map[string]view.Event{key(a, 0): value(a, b)}})
	if have(a, b); len(d.bad) != 0 {
		t.Errorf("bad are %v", d.bad)
	}
	// One of an older form, which becomes one of a bucket.
	old := sb.Prefix + sb.FlowPath(dp, "old")
	d.take(&view.Batch{Events: map[string]view.Event{old: {Value: []byte("old's flows"), Rev: 1}}})
	have(a, b, "old")
	d.take(&view.Batch{Events: map[string]view.Event{old: {}, key(a, 0): value(a, b, "old")}})
	have(a, b, "old")
	d.take(&view.Batch{Dropped: map[schema.UUID]bool{dp: true}})
	have()
}

// TestUnitsArePacked: what is kept of a bucket is what its units were made as, packed.
func TestUnitsArePacked(t *testing.T) {
	d := newDecoder(tables.New())
	dp := schema.NameUUID("dp")
	units := []sb.Unit{
		{Name: "acl", Chunk: sb.EncodeFlows([]sb.Flow{{Match: strings.Repeat("ip4.src == 10.0.0.1 || ", 50) + "udp", Actions: "drop;"}})},
		{Name: "base", Chunk: sb.EncodeFlows([]sb.Flow{{Match: "1", Actions: "next;"}})},
	}
	for range 2 {
		d.take(&view.Batch{Events: map[string]view.Event{sb.Prefix + sb.BucketPath(dp, 0, 0): {Value: sb.EncodeUnits(units), Rev: 1}}})
		for _, u := range units {
			if chunk, _ := d.t.Chunks.Get(tables.Path{Owner: dp, Unit: u.Name}); chunk != string(u.Chunk) || len(d.bad) > 0 {
				t.Errorf("%s is %x, want %x; bad are %v", u.Name, chunk, u.Chunk, d.bad)
			}
		}
	}
}

// TestDecodePort: of a port there is what tables read, and its name is kept once,
// not in the keys that name it.
func TestDecodePort(t *testing.T) {
	d := newDecoder(tables.New())
	id, dp, group := schema.NameUUID("port"), schema.NameUUID("dp"), schema.NameUUID("group")
	events := map[string]view.Event{}
	put := func(key, value string) { events[key] = view.Event{Value: []byte(value), Rev: 1, Created: 1} }
	put(sbKey("Port_Binding", id), *row("Port_Binding", &sb.PortBinding{
		LogicalPort: "door", Type: "l3gateway", Datapath: dp, TunnelKey: 7, MAC: []string{"unknown"},
		Options: map[string]string{"peer": "other", "l3gateway-chassis": "gw", "requested-chassis": "hv1, hv2", "x": "y"},
	}))
	put(sbKey("Port_Group", group, "ports", "door"), "")
	// A claim that comes before its port lies on the shelf, with a name of its own.
	claims := map[string]view.Event{sb.RecordKey("hv1", "Port_Binding", id): {Value: []byte("{}"), Rev: 1, Created: 1}}
	d.take(&view.Batch{Events: events, More: true})
	d.take(&view.Batch{Events: claims})
	if len(d.bad) != 0 {
		t.Fatal(d.bad)
	}
	p, _ := d.t.Ports.Get(id)
	if want := (tables.Port{Name: "door", Type: "l3gateway", Datapath: dp, Key: 7, Requested: "hv1", Peer: "other", Gateway: "gw", Addresses: "unknown"}); p != want {
		t.Errorf("%+v, want %+v", p, want)
	}
	same := func(a, b string) {
		if a != b || unsafe.StringData(a) != unsafe.StringData(b) {
			t.Errorf("%q and %q are not one string", a, b)
		}
	}
	for m := range d.t.PortGroupPorts.All() {
		same(m.Text, p.Name)
	}
	for k := range d.t.Claims.All() {
		same(k.Chassis, p.Requested)
	}
	if d.t.PortGroupPorts.Len() != 1 || d.t.Claims.Len() != 1 {
		t.Errorf("%d members, %d claims", d.t.PortGroupPorts.Len(), d.t.Claims.Len())
	}
}
