package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Figures of security groups:
//
//   - a port more, and into a group of 1,000 ports with 100 allow-related ACLs,
//     in one transaction, until the flows are on both hypervisors, which have
//     50 of the ports each; of 15 ports the median;
//   - the flows that such a group adds on a hypervisor that has all its ports;
//   - the flows that one ACL for 10,000 addresses and a range of 1,000 TCP
//     ports adds on a hypervisor with one port, as allow and as allow-related;
//   - an address more in a set of 10,000 that 5 ACLs use, until the flows are
//     on the hypervisors, and the processor time that the agent of the one
//     with the port uses meanwhile (beyond what it uses for a --wait=hv without
//     a change; with its collections of garbage): of 100 addresses the median,
//     and the mean;
//   - a new set of 10,000 addresses that nothing uses, until its client has the
//     answer; of 15 sets the median.
const (
	groupAddName   = "acl-group-port-add"
	groupFlowsName = "acl-group-flows"
	setFlowsName   = "acl-set-range-flows"
	setRelatedName = "acl-set-range-flows-related"
	setAddName     = "address-set-add"
	setKeysName    = "address-set-add-keys"
	setCPUName     = "agent-address-set-add-cpu"
	setNewName     = "address-set-new"
	setNewKeysName = "address-set-new-keys"
)

const (
	groupPorts   = 1_000
	groupLocal   = 50
	groupACLs    = 100
	setAddresses = 10_000
	setACLs      = 5
	setRepeats   = 100 // among them some of the agent's collections of garbage
)

// The limits of flows are sums of what each side of a match needs, never a
// product. A port has two: its membership, once in each direction. An ACL has
// two, for new and for known connections, and may need the switch's conntrack
// flows too; 6 leave each of the two the three parts of a conjunction. So a
// group is ports*2 + ACLs*6: 2,600. (Port by port it would be ports*ACLs*2:
// 200,000.) An address of a set has one flow, and 64 are for the masks of the
// range, the match of both, and the switch. As allow-related all of that is
// there twice.
const (
	groupFlowsLimit = groupPorts*2 + groupACLs*6
	setFlowsLimit   = setAddresses + 64
)

// settled is how long the number of flows must have been the same to count.
// Longer than an agent keeps what packets under way need when a group is new:
// chassisd 2 s (chassisd/bits.Grace).
const settled = 10 * time.Second

// gathering bounds the wait for all ports of the group on one hypervisor.
const gathering = 3 * time.Minute

// aclScenes measure security groups. Issues name no limit for the two times:
// a tenth of stock OVN's for a group, and no more than stock's for an address,
// are this project's own.
func aclScenes() []scene {
	return []scene{
		{ports: groupPorts, ips: 1, measure: (*cloud).groupAdd, figures: []spec{{name: groupAddName, goal: goal{ratio: 0.1}}}},
		{ports: groupPorts, ips: 1, measure: (*cloud).groupFlows, figures: []spec{{name: groupFlowsName, goal: goal{limit: &figure{groupFlowsLimit, "flows"}}}}},
		{ports: portsPerSwitch, ips: 1, figures: []spec{
			{name: setFlowsName, goal: goal{limit: &figure{setFlowsLimit, "flows"}}},
			{name: setRelatedName, goal: goal{limit: &figure{2 * setFlowsLimit, "flows"}}},
		}, measure: (*cloud).setFlows},
		{ports: portsPerSwitch, ips: 1, figures: []spec{
			{name: setAddName, goal: goal{ratio: 1}},
			{name: setKeysName, alone: noKeys},
			{name: setCPUName, goal: goal{limit: &figure{1e-3, "s"}}},
		}, measure: (*cloud).setAdd},
		{ports: portsPerSwitch, ips: 1, figures: []spec{
			{name: setNewName, goal: goal{ratio: 1, base: 0.1}},
			{name: setNewKeysName, alone: noKeys},
		}, measure: (*cloud).setNew},
	}
}

// groupAdd measures what a port more in the group costs.
func (c *cloud) groupAdd(ctx context.Context) error {
	if err := c.occupy(ctx, groupLocal); err != nil {
		return err
	}
	if err := c.addGroup(); err != nil {
		return err
	}
	took, err := c.median(ctx, repeats, "port added to the group", func() (time.Duration, error) {
		return c.addPort(ctx, insert("Port_Group", group, "ports", []any{"named-uuid", "new"}))
	})
	if err != nil {
		return err
	}
	c.give(groupAddName, took)
	return nil
}

// groupFlows counts what the group adds to the flows of hv1, which has all its
// ports.
func (c *cloud) groupFlows(ctx context.Context) error {
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
	c.give(groupFlowsName, &figure{float64(after - before), "flows"})
	return nil
}

// setFlows counts the flows of an ACL for a set and a range.
func (c *cloud) setFlows(ctx context.Context) error {
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
		{setFlowsName, setWithACLs(1, "20000 <= tcp.dst <= 20999")},
		{setRelatedName, []op{{"op": "update", "table": "ACL", "where": []any{}, "row": map[string]any{"action": "allow-related"}}}},
	} {
		if err := c.nb.transactWait("hv_cfg", x.ops...); err != nil {
			return err
		}
		after, err := c.settledFlows(ctx)
		if err != nil {
			return err
		}
		c.give(x.name, &figure{float64(after - before), "flows"})
	}
	return nil
}

// setAdd measures what an address more in a set costs. The notes tell the parts
// of its time.
func (c *cloud) setAdd(ctx context.Context) error {
	if err := c.occupy(ctx, 1); err != nil {
		return err
	}
	if err := c.nb.transactWait("hv_cfg", setWithACLs(setACLs, "tcp.dst == 443")...); err != nil {
		return err
	}
	var cpu, idle mean
	var parts waits
	n := setAddresses
	var keys []int
	took, err := c.median(ctx, setRepeats, "address added", func() (time.Duration, error) {
		d, _, err := c.agentCPU(func() (time.Duration, error) { return 0, c.nb.transactWait("hv_cfg") })
		if err != nil {
			return 0, err
		}
		idle.add(d)
		var took time.Duration
		k, err := c.written(ctx, func() (err error) {
			d, took, err = c.agentCPU(func() (time.Duration, error) {
				return c.nb.timed(&parts, insert("Address_Set", set, "addresses", setAddress(n)))
			})
			return err
		})
		n++
		keys = append(keys, k)
		cpu.add(d)
		return took, err
	})
	if err != nil {
		return err
	}
	c.note("of an address, medians: %s", &parts)
	c.note("agent's CPU for an address %v, for a --wait=hv alone %v", cpu.value().Round(time.Microsecond), idle.value().Round(time.Microsecond))
	c.give(setAddName, took)
	c.giveKeys(setKeysName, keys...)
	c.give(setCPUName, seconds(cpu.value()-idle.value()))
	return nil
}

// setNew measures what a new set costs until it is acknowledged.
func (c *cloud) setNew(ctx context.Context) error {
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	n := 0
	var keys []int
	took, err := c.median(ctx, repeats, "set made", func() (took time.Duration, err error) {
		n++
		k, err := c.written(ctx, func() error {
			start := time.Now()
			if _, err := c.nb.transact(addressSet(fmt.Sprint("new", n), n*setAddresses, setAddresses)); err != nil {
				return err
			}
			took = time.Since(start)
			return c.nb.transactWait("sb_cfg")
		})
		keys = append(keys, k)
		return took, err
	})
	if err != nil {
		return err
	}
	c.give(setNewName, took)
	c.giveKeys(setNewKeysName, keys...)
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

// setWithACLs makes the set, and ACLs on the first switch that use it.
func setWithACLs(n int, more string) []op {
	ops, acls := []op{addressSet(set, 0, setAddresses)}, []any{}
	for i := range n {
		uuid := fmt.Sprintf("acl%d", i)
		acl := insertACL(uuid, "to-lport", fmt.Sprintf("outport == %q && ip4.src == $%s && %s", portName(0, 0), set, more), "allow")
		acl["row"].(map[string]any)["priority"] = 1001 + i
		ops, acls = append(ops, acl), append(acls, []any{"named-uuid", uuid})
	}
	return append(ops, op{"op": "update", "table": "Logical_Switch", "where": []any{[]any{"name", "==", "sw0"}},
		"row": map[string]any{"acls": []any{"set", acls}}})
}

// addressSet makes a set of n addresses.
func addressSet(name string, first, n int) op {
	var addresses []any
	for i := range n {
		addresses = append(addresses, setAddress(first+i))
	}
	return op{"op": "insert", "table": "Address_Set", "row": map[string]any{"name": name, "addresses": []any{"set", addresses}}}
}

// setAddress is the nth address for sets, n below 10,000,000. They are two
// apart: no two make a prefix.
func setAddress(n int) string {
	return fmt.Sprintf("10.%d.%d.%d", 99+(n*2>>16), n*2>>8&255, n*2&255)
}

func insertACL(uuid, direction, match, action string) op {
	return op{"op": "insert", "table": "ACL", "uuid-name": uuid, "row": map[string]any{
		"direction": direction, "priority": 1001, "match": match, "action": action}}
}

// insert is the operation that puts values more into a column of the row with that
// name.
func insert(table, name, column string, values ...any) op {
	return op{"op": "mutate", "table": table, "where": []any{[]any{"name", "==", name}},
		"mutations": []any{[]any{column, "insert", []any{"set", values}}}}
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
