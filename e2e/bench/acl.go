package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/weft-sdn/weft/e2e"
)

// Figures of security groups:
//
//   - a port more, and into a group of 1,000 ports with 100 allow-related ACLs,
//     in one transaction, until the flows are on both hypervisors, which have
//     50 of the ports each; of 15 ports the median;
//   - the flows that such a group adds on a hypervisor that has all its ports;
//   - the flows that one ACL for 10,000 addresses and a range of 1,000 TCP
//     ports adds on a hypervisor with one port, as allow and as allow-related;
//   - an address more in that set, until the flows are there; the median.
const (
	groupAddName   = "acl-group-port-add"
	groupFlowsName = "acl-group-flows"
	setFlowsName   = "acl-set-range-flows"
	setRelatedName = "acl-set-range-flows-related"
	setAddName     = "address-set-add"
)

const (
	groupPorts   = 1_000
	groupLocal   = 50
	groupACLs    = 100
	setAddresses = 10_000
)

// The limits of flows are sums of what each side of a match needs, never a
// product. A port's 12 are its membership, in both directions, and its share of
// what its switch needs for conntrack, of one switch alone 130 flows. An ACL has
// two flows, for new and for known connections; 6 leave each of them the parts
// of a conjunction. An address of a set has one flow, and 64 are for the masks
// of the range, the match of both, and the switch. As allow-related all of that
// is there twice.
const (
	groupFlowsLimit = groupPorts*12 + groupACLs*6
	setFlowsLimit   = setAddresses + 64
)

// settled is how long the number of flows must have been the same to count. An
// agent may have fewer flows for a new group later: when all ports' bits have
// been in the switch for two seconds, it has worked out what matches them, and
// the switch has taken 200,000 flows out, which is a matter of 20 s.
const settled = 40 * time.Second

// gathering bounds the wait for all ports of the group on one hypervisor.
const gathering = 3 * time.Minute

// acls measures the security groups of both systems, side by side in each
// cloud.
func acls(ctx context.Context, only *regexp.Regexp, which []string, show func(string)) error {
	type cloudFigures struct {
		ports   int
		names   []string
		measure func(*cloud, context.Context, func(string, *figure)) error
	}
	goals := map[string]goal{
		groupAddName:   {ratio: 0.1},
		groupFlowsName: {limit: &figure{groupFlowsLimit, "flows"}},
		setFlowsName:   {limit: &figure{setFlowsLimit, "flows"}},
		setRelatedName: {limit: &figure{2 * setFlowsLimit, "flows"}},
		setAddName:     {ratio: 0.1},
	}
	var sides []side
	var errs []error
	for _, x := range []cloudFigures{
		{groupPorts, []string{groupAddName}, (*cloud).groupAdd},
		{groupPorts, []string{groupFlowsName}, (*cloud).groupFlows},
		{portsPerSwitch, []string{setFlowsName, setRelatedName, setAddName}, (*cloud).addressSet},
	} {
		if !slices.ContainsFunc(x.names, only.MatchString) {
			continue
		}
		if sides == nil {
			if why := e2e.Missing(e2e.Weft{}); why != "" {
				fmt.Printf("bench: no measurements of ACLs: %s\n", why)
				return nil
			}
			var err error
			if sides, err = sidesOf(which); err != nil {
				return err
			}
		}
		got := results{}
		for i, s := range sides {
			if s.backend == nil {
				continue
			}
			if err := inCloud(s, x.ports, func(c *cloud) error {
				return x.measure(c, ctx, func(name string, f *figure) { got.set(name, i, f) })
			}); err != nil {
				errs = append(errs, fmt.Errorf("%s, %s: %w", s.backend.Name(), x.names[0], err))
			}
		}
		for _, name := range x.names {
			if only.MatchString(name) {
				show(line(name, got[name][0], got[name][1], goals[name]))
			}
		}
	}
	return errors.Join(errs...)
}

// inCloud makes a cloud, measures in it and takes it down.
func inCloud(x side, ports int, measure func(*cloud) error) error {
	c, err := newCloud(x.backend, x.bin, ports, 1)
	if err != nil {
		return err
	}
	if err := measure(c); err != nil {
		return fmt.Errorf("%w\n%s", err, closed(c.s))
	}
	return c.s.Close()
}

// groupAdd measures what a port more in the group costs.
func (c *cloud) groupAdd(ctx context.Context, give func(string, *figure)) error {
	if err := c.occupy(ctx, groupLocal); err != nil {
		return err
	}
	if err := c.addGroup(); err != nil {
		return err
	}
	all, err := times(ctx, func() (time.Duration, error) {
		return c.addPort(ctx, insert("Port_Group", group, "ports", []any{"named-uuid", "new"}))
	})
	if err != nil {
		return err
	}
	c.note("port added to the group %d times: %v … %v", len(all), all[0].Round(time.Microsecond), all[len(all)-1].Round(time.Microsecond))
	give(groupAddName, seconds(all[len(all)/2]))
	return nil
}

// groupFlows counts what the group adds to the flows of hv1, which has all its
// ports.
func (c *cloud) groupFlows(ctx context.Context, give func(string, *figure)) error {
	start := time.Now()
	if err := c.s.AddHypervisors(1); err != nil {
		return err
	}
	var names []string
	for i := range groupPorts {
		names = append(names, portName(i/portsPerSwitch, i%portsPerSwitch))
	}
	if err := c.attach(ctx, "hv1", names); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, gathering)
	defer cancel()
	if err := c.awaitUp(bounded, groupPorts); err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			c.note("no figure: %v", err)
			return nil
		}
		return err
	}
	before, err := c.settledFlows(ctx)
	if err != nil {
		return err
	}
	c.note("%d of them on hv1, flows installed in %v", groupPorts, time.Since(start).Round(time.Millisecond))
	if err := c.addGroup(); err != nil {
		return err
	}
	after, err := c.settledFlows(ctx)
	if err != nil {
		return err
	}
	c.note("%d flows, with the group %d", before, after)
	give(groupFlowsName, &figure{float64(after - before), "flows"})
	return nil
}

// addressSet counts the flows of an ACL for a set and a range, and measures
// what an address more costs.
func (c *cloud) addressSet(ctx context.Context, give func(string, *figure)) error {
	if err := c.occupy(ctx, 1); err != nil {
		return err
	}
	before, err := c.settledFlows(ctx)
	if err != nil {
		return err
	}
	for _, x := range []struct {
		name string
		ops  []op
	}{
		{setFlowsName, setWithACL()},
		{setRelatedName, []op{{"op": "update", "table": "ACL", "where": []any{}, "row": map[string]any{"action": "allow-related"}}}},
	} {
		if err := c.nb.transactWait("hv_cfg", x.ops...); err != nil {
			return err
		}
		after, err := c.settledFlows(ctx)
		if err != nil {
			return err
		}
		give(x.name, &figure{float64(after - before), "flows"})
	}
	n := setAddresses
	all, err := times(ctx, func() (time.Duration, error) {
		start := time.Now()
		err := c.nb.transactWait("hv_cfg", insert("Address_Set", set, "addresses", setAddress(n)))
		took := time.Since(start)
		if err != nil {
			return 0, err
		}
		n++
		return took, c.nb.transactWait("hv_cfg")
	})
	if err != nil {
		return err
	}
	c.note("address added %d times: %v … %v", len(all), all[0].Round(time.Microsecond), all[len(all)-1].Round(time.Microsecond))
	give(setAddName, seconds(all[len(all)/2]))
	return nil
}

// group and set are names of rows.
const (
	group = "pg0"
	set   = "as0"
)

// addGroup puts all ports into a group with its ACLs and waits for the flows.
func (c *cloud) addGroup() error {
	rows, err := c.nb.transact(op{"op": "select", "table": "Logical_Switch_Port", "where": []any{}, "columns": []string{"_uuid"}})
	if err != nil {
		return err
	}
	var ports, acls []any
	for _, r := range rows {
		ports = append(ports, r["_uuid"])
	}
	var ops []op
	for i := range groupACLs {
		direction, match := "from-lport", fmt.Sprintf("inport == @%s && ip4.dst == 10.%d.0.0/24 && tcp.dst == %d", group, i, 1000+i)
		if i%2 == 1 {
			direction, match = "to-lport", fmt.Sprintf("outport == @%s && ip4.src == 10.%d.0.0/24 && tcp.dst == %d", group, i, 1000+i)
		}
		uuid := fmt.Sprintf("acl%d", i)
		ops = append(ops, insertACL(uuid, direction, match, "allow-related"))
		acls = append(acls, []any{"named-uuid", uuid})
	}
	ops = append(ops, op{"op": "insert", "table": "Port_Group", "row": map[string]any{"name": group, "ports": []any{"set", ports}, "acls": []any{"set", acls}}})
	return c.nb.transactWait("hv_cfg", ops...)
}

// setWithACL makes the set, and its ACL on the first switch.
func setWithACL() []op {
	var addresses []any
	for i := range setAddresses {
		addresses = append(addresses, setAddress(i))
	}
	match := fmt.Sprintf("outport == %q && ip4.src == $%s && 20000 <= tcp.dst <= 20999", portName(0, 0), set)
	return []op{
		{"op": "insert", "table": "Address_Set", "row": map[string]any{"name": set, "addresses": []any{"set", addresses}}},
		insertACL("acl", "to-lport", match, "allow"),
		insert("Logical_Switch", "sw0", "acls", []any{"named-uuid", "acl"}),
	}
}

// setAddress is the nth address of the set. They are two apart: no two make a
// prefix.
func setAddress(n int) string { return fmt.Sprintf("10.99.%d.%d", n*2>>8, n*2&255) }

func insertACL(uuid, direction, match, action string) op {
	return op{"op": "insert", "table": "ACL", "uuid-name": uuid, "row": map[string]any{
		"direction": direction, "priority": 1001, "match": match, "action": action}}
}

// insert is the operation that puts one value more into a column of the row
// with that name.
func insert(table, name, column string, value any) op {
	return op{"op": "mutate", "table": table, "where": []any{[]any{"name", "==", name}},
		"mutations": []any{[]any{column, "insert", []any{"set", []any{value}}}}}
}

// settledFlows waits until the number of flows of hv1 stays what it is.
func (c *cloud) settledFlows(ctx context.Context) (int, error) {
	if err := c.nb.transactWait("hv_cfg"); err != nil {
		return 0, err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n, since := -1, time.Now(); ; {
		now, err := c.flows(ctx)
		if err != nil {
			return 0, err
		}
		if now != n {
			n, since = now, time.Now()
		}
		if time.Since(since) >= settled {
			return n, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
