package serve

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// laidBy is an output that a network's first one has been written of.
func laidBy(n *northdtest.Network) *output {
	o := newOutput(nil)
	o.add(sb.Schema(), n.C.Apply(n.Next))
	n.Next = northd.Input{}
	o.whole = false
	o.buckets()
	o.done()
	return o
}

// written counts what changes write that are one unit each.
type written struct{ changes, divided, most int }

// add applies the next change: one key, or three where a bucket is divided, and no row.
func (w *written) add(t *testing.T, o *output, n *northdtest.Network) {
	t.Helper()
	out := n.C.Apply(n.Next)
	n.Next = northd.Input{}
	o.add(sb.Schema(), out)
	blobs, bytes := o.buckets(), 0
	for path, data := range blobs {
		bytes += len(path) + len(data)
	}
	o.done()
	w.changes, w.most = w.changes+1, max(w.most, bytes)
	switch len(blobs) {
	case 1:
	case 3:
		w.divided++
	default:
		t.Fatalf("%d keys of flows", len(blobs))
	}
	if len(out.Units) != 1 || len(out.Rows) != 0 {
		t.Fatalf("%d units and %d rows", len(out.Units), len(out.Rows))
	}
}

// check holds the whole to its budget.
func (w *written) check(t *testing.T) {
	t.Helper()
	t.Logf("%d changes, at most %d bytes, %d divide a bucket", w.changes, w.most, w.divided)
	if w.most > 8<<10 || w.divided > w.changes/10 {
		t.Errorf("of %d changes %d divide a bucket, and the largest is of %d bytes", w.changes, w.divided, w.most)
	}
}

// TestBackendWritesOneKey: a backend more of one of 500 load balancers, which 500
// switches have by a group, is one southbound key, the bucket of flows that the VIP's
// unit lies in. Where that has become too large, it goes and two take its place.
func TestBackendWritesOneKey(t *testing.T) {
	const balancers, switches = 500, 500
	n := northdtest.New(northd.Options{})
	group := &nb.LoadBalancerGroup{Header: schema.Header{UUID: northdtest.ID("group")}, Name: "group"}
	balancer := func(i, backends int) *nb.LoadBalancer {
		var all []string
		for j := range backends {
			all = append(all, fmt.Sprintf("10.%d.%d.%d:8080", i>>8, i&255, j+1))
		}
		return &nb.LoadBalancer{Header: schema.Header{UUID: northdtest.ID(fmt.Sprint("lb", i))}, Name: fmt.Sprint("lb", i),
			VIPs: map[string]string{fmt.Sprintf("172.16.%d.%d:80", i>>8, i&255): strings.Join(all, ",")}}
	}
	for i := range balancers {
		row := balancer(i, 10)
		group.LoadBalancer = append(group.LoadBalancer, row.UUID)
		n.Put("Load_Balancer", row)
	}
	n.Put("Load_Balancer_Group", group)
	for i := range switches {
		s := n.Switch(fmt.Sprint("sw", i))
		s.LoadBalancerGroup = []schema.UUID{group.UUID}
		n.PutSwitch(s)
	}
	o := laidBy(n)
	var count written
	for i := range balancers {
		n.Put("Load_Balancer", balancer(i, 11))
		count.add(t, o, n)
	}
	count.check(t)
}

// TestForwardedWritesOneKey: a port more of an address that forwards a thousand is one
// southbound key. Where the bucket is full, it goes and two take its place.
func TestForwardedWritesOneKey(t *testing.T) {
	n := northdtest.New(northd.Options{})
	for _, line := range []string{
		"chassis hv1 host1", "lr r", "lrp r r-p mac 40:44:00:00:ff:02 networks 172.16.0.252/24",
		"in Logical_Router_Port r-p gateway_chassis Gateway_Chassis r-hv1 name r-hv1 chassis_name hv1 priority 1",
		"lsp p p-r type router addresses router options router-port=r-p,nat-addresses=router",
		"lsp p p-net type localnet addresses unknown options network_name=phys",
		"in Logical_Router r load_balancer Load_Balancer pf name pf-floatingip-x-tcp",
	} {
		n.Do(t, line)
	}
	row := &nb.LoadBalancer{Header: schema.Header{UUID: northdtest.ID("pf")}, Name: "pf-floatingip-x-tcp", VIPs: map[string]string{}}
	put := func(i int) {
		next := *row
		next.VIPs = maps.Clone(row.VIPs)
		next.VIPs[fmt.Sprintf("172.16.0.111:%d", 1000+i)] = fmt.Sprintf("10.0.%d.%d:22", i>>8, i&255)
		row = &next
		n.Put("Load_Balancer", row)
	}
	for i := range 1000 {
		put(i)
	}
	o := laidBy(n)
	var count written
	for i := range 300 {
		put(1000 + i)
		count.add(t, o, n)
	}
	count.check(t)
}
