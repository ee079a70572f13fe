package chassisd

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// BenchmarkForeignPorts: what a port of a datapath that is not needed costs an
// agent: its row, its claim by another chassis, and its places in three multicast
// groups, a port group and an address set.
func BenchmarkForeignPorts(b *testing.B) {
	const switches, ports = 500, 22
	for b.Loop() {
		t := tables.New()
		d := newDecoder(t)
		before := liveHeap()
		for s := range switches {
			batch := foreignSwitch(s, ports)
			d.take(batch)
		}
		t.Engine.Commit()
		b.ReportMetric(float64(liveHeap()-before)/switches/ports, "B/port")
		b.ReportMetric(550, "goal-B/port")
		if t.Local.Len() != 0 {
			b.Fatal("a datapath is local")
		}
		runtime.KeepAlive(d)
	}
}

func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func foreignSwitch(s, ports int) *view.Batch {
	events := map[string]view.Event{}
	put := func(key string, value *string) { events[key] = view.Event{Value: []byte(*value), Rev: 1, Created: 1} }
	bucket := func(table string, id schema.UUID, column string, members []string) {
		b := string(schema.EncodeJSON(members))
		put(sbKey(table, id, column, "+"), &b)
	}
	var ids, addresses []string
	dp, group := schema.NameUUID("dp", fmt.Sprint(s)), schema.NameUUID("pg", fmt.Sprint(s))
	set := schema.NameUUID("as", fmt.Sprint(s))
	put(sbKey("Datapath_Binding", dp), row("Datapath_Binding", &sb.DatapathBinding{TunnelKey: int64(s + 1), ExternalIDs: map[string]string{"name": fmt.Sprint("neutron-", dp)}}))
	put(sbKey("Port_Group", group), row("Port_Group", &sb.PortGroup{Name: fmt.Sprintf("%d_pg", s+1)}))
	put(sbKey("Address_Set", set), row("Address_Set", &sb.AddressSet{Name: fmt.Sprintf("pg%d_ip4", s)}))
	for m := range 3 {
		put(sbKey("Multicast_Group", schema.NameUUID("mc", dp.String(), fmt.Sprint(m))), row("Multicast_Group", &sb.MulticastGroup{
			Datapath: dp, Name: fmt.Sprint("_MC_", m), TunnelKey: int64(32768 + m),
		}))
	}
	for p := range ports {
		id := schema.NameUUID("port", fmt.Sprint(s), fmt.Sprint(p))
		put(sbKey("Port_Binding", id), row("Port_Binding", &sb.PortBinding{
			LogicalPort: id.String(), Datapath: dp, TunnelKey: int64(p + 1), MAC: []string{"fa:16:3e:00:00:01 10.0.0.1"},
			Options:     map[string]string{"requested-chassis": fmt.Sprint("compute-", p), "mcast_flood_reports": "true"},
			ExternalIDs: map[string]string{"neutron:cidrs": "10.0.0.1/24", "neutron:device_id": id.String(), "neutron:network_name": "neutron-" + dp.String()},
		}))
		put(sb.RecordKey(fmt.Sprint("compute-", p), "Port_Binding", id), row("Port_Binding", &sb.PortBinding{}))
		ids, addresses = append(ids, id.String()), append(addresses, fmt.Sprintf("10.%d.%d.%d", s/256, s%256, p))
	}
	for m := range 3 {
		bucket("Multicast_Group", schema.NameUUID("mc", dp.String(), fmt.Sprint(m)), "ports", ids)
	}
	bucket("Port_Group", group, "ports", ids)
	bucket("Address_Set", set, "addresses", addresses)
	return &view.Batch{Events: events}
}
