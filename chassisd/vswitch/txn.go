package vswitch

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// Txn gathers operations that are committed together. An empty Txn commits
// at once. Operations are made in a fixed order from their arguments, so that
// the same wishes give the same transaction.
type Txn struct {
	ops   []ovsdb.Operation
	named int
}

// Empty tells whether there is nothing to commit.
func (t *Txn) Empty() bool { return len(t.ops) == 0 }

// Commit sends the transaction. While the database is away it fails at once
// with ErrNotConnected.
func (c *Conn) Commit(ctx context.Context, t *Txn) error {
	if t.Empty() {
		return nil
	}
	cl, err := c.current()
	if err != nil {
		return err
	}
	results, err := cl.Transact(ctx, t.ops...)
	if err != nil {
		return fmt.Errorf("vswitch: transact: %w", err)
	}
	if errs, err := ovsdb.CheckOperationResults(results, t.ops); err != nil {
		if len(errs) > 0 {
			return fmt.Errorf("vswitch: transact: %w", errs[0])
		}
		return fmt.Errorf("vswitch: transact: %w", err)
	}
	return nil
}

// BridgeSpec is the integration bridge as it must be.
type BridgeSpec struct {
	Name string
	// DatapathType is "system" or "netdev"; empty leaves an existing bridge's
	// type alone.
	DatapathType string
}

// CreateBridge adds the integration bridge with its internal port to the row
// open. The transaction fails where open.Bridges is no longer what it was, so
// that two agents never create one bridge twice.
func (t *Txn) CreateBridge(open *OpenvSwitch, b BridgeSpec) {
	zero := 0
	t.ops = append(t.ops, ovsdb.Operation{
		Op: ovsdb.OperationWait, Table: tableOpen, Timeout: &zero, Until: string(ovsdb.WaitConditionEqual),
		Where: byUUID(open.UUID), Columns: []string{"bridges"},
		Rows: []ovsdb.Row{{"bridges": uuidSet(open.Bridges)}},
	})
	iface := t.insert(tableIface, ovsdb.Row{"name": b.Name, "type": "internal"})
	port := t.insert(tablePort, ovsdb.Row{"name": b.Name, "interfaces": uuidSet([]string{iface})})
	bridge := t.insert(tableBr, ovsdb.Row{
		"name": b.Name, "ports": uuidSet([]string{port}), "fail_mode": "secure",
		"datapath_type": b.DatapathType, "other_config": stringMap(map[string]string{"disable-in-band": "true"}),
	})
	t.mutate(tableOpen, open.UUID, ovsdb.NewMutation("bridges", ovsdb.MutateOperationInsert, uuidSet([]string{bridge})))
}

// FixBridge makes an existing bridge what it must be, writing only what
// differs.
func (t *Txn) FixBridge(br *Bridge, want BridgeSpec) {
	row := ovsdb.Row{}
	if br.FailMode == nil || *br.FailMode != "secure" {
		row["fail_mode"] = "secure"
	}
	if want.DatapathType != "" && br.DatapathType != want.DatapathType {
		row["datapath_type"] = want.DatapathType
	}
	if len(row) > 0 {
		t.ops = append(t.ops, ovsdb.Operation{Op: ovsdb.OperationUpdate, Table: tableBr, Where: byUUID(br.UUID), Row: row})
	}
	if br.OtherConfig["disable-in-band"] != "true" {
		t.setKeys(tableBr, br.UUID, "other_config", br.OtherConfig, map[string]string{"disable-in-band": "true"}, nil)
	}
}

// PortSpec is a port with one interface of the same name.
type PortSpec struct {
	Name        string
	Type        string
	Options     map[string]string
	BFD         map[string]string // column bfd, nil for none
	ExternalIDs map[string]string
}

// AddPort adds a port with its interface to the bridge.
func (t *Txn) AddPort(bridge string, p PortSpec) {
	row := ovsdb.Row{"name": p.Name, "type": p.Type, "options": stringMap(p.Options)}
	if len(p.BFD) > 0 {
		row["bfd"] = stringMap(p.BFD)
	}
	iface := t.insert(tableIface, row)
	port := t.insert(tablePort, ovsdb.Row{
		"name": p.Name, "interfaces": uuidSet([]string{iface}), "external_ids": stringMap(p.ExternalIDs),
	})
	t.mutate(tableBr, bridge, ovsdb.NewMutation("ports", ovsdb.MutateOperationInsert, uuidSet([]string{port})))
}

// DeletePort takes the port away from the bridge; the database then collects
// its rows.
func (t *Txn) DeletePort(bridge, port string) {
	t.mutate(tableBr, bridge, ovsdb.NewMutation("ports", ovsdb.MutateOperationDelete, uuidSet([]string{port})))
}

// SetOptions replaces the options of an interface.
func (t *Txn) SetOptions(iface string, options map[string]string) {
	t.setMap(iface, "options", options)
}

// SetBFD replaces column bfd of an interface; none turns BFD off. The switch goes
// on sending packets through the interface meanwhile.
func (t *Txn) SetBFD(iface string, bfd map[string]string) { t.setMap(iface, "bfd", bfd) }

// setMap replaces a column of an interface that is a map.
func (t *Txn) setMap(iface, column string, m map[string]string) {
	t.ops = append(t.ops, ovsdb.Operation{
		Op: ovsdb.OperationUpdate, Table: tableIface, Where: byUUID(iface), Row: ovsdb.Row{column: stringMap(m)},
	})
}

// BridgeIDs sets and removes external_ids of the bridge, writing only what
// differs from the row.
func (t *Txn) BridgeIDs(br *Bridge, set map[string]string, remove []string) {
	t.setKeys(tableBr, br.UUID, "external_ids", br.ExternalIDs, set, remove)
}

// PortIDs sets external_ids of a port, writing only what differs from what it
// has.
func (t *Txn) PortIDs(port string, have, set map[string]string) {
	t.setKeys(tablePort, port, "external_ids", have, set, nil)
}

// Reconfigure has ovs-vswitchd look at all of its configuration again, and try
// again what it could not do: it does so after each change.
func (t *Txn) Reconfigure(o *OpenvSwitch) {
	t.mutate(tableOpen, o.UUID, ovsdb.NewMutation("next_cfg", ovsdb.MutateOperationAdd, 1))
}

// InterfaceIDs sets and removes external_ids of the interface, writing only
// what differs from the row.
func (t *Txn) InterfaceIDs(i *Interface, set map[string]string, remove []string) {
	t.setKeys(tableIface, i.UUID, "external_ids", i.ExternalIDs, set, remove)
}

// OpenConfig sets other_config of the Open_vSwitch row, writing only what
// differs from the row.
func (t *Txn) OpenConfig(o *OpenvSwitch, set map[string]string, remove []string) {
	t.setKeys(tableOpen, o.UUID, "other_config", o.OtherConfig, set, remove)
}

// setKeys changes keys of a map column and leaves the others, which belong to
// somebody else, alone.
func (t *Txn) setKeys(table, uuid, column string, have, set map[string]string, remove []string) {
	drop := []any{}
	add := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(set)) {
		old, had := have[k]
		if had && old == set[k] {
			continue
		}
		if had {
			drop = append(drop, k) // an insert does not replace
		}
		add[k] = set[k]
	}
	for _, k := range remove {
		if _, had := have[k]; had {
			drop = append(drop, k)
		}
	}
	var muts []*ovsdb.Mutation
	if len(drop) > 0 {
		muts = append(muts, ovsdb.NewMutation(column, ovsdb.MutateOperationDelete, ovsdb.OvsSet{GoSet: drop}))
	}
	if len(add) > 0 {
		muts = append(muts, ovsdb.NewMutation(column, ovsdb.MutateOperationInsert, stringMap(add)))
	}
	if len(muts) > 0 {
		t.mutate(table, uuid, muts...)
	}
}

func (t *Txn) mutate(table, uuid string, muts ...*ovsdb.Mutation) {
	op := ovsdb.Operation{Op: ovsdb.OperationMutate, Table: table, Where: byUUID(uuid)}
	for _, m := range muts {
		op.Mutations = append(op.Mutations, *m)
	}
	t.ops = append(t.ops, op)
}

// insert returns the name by which the new row can be referred to.
func (t *Txn) insert(table string, row ovsdb.Row) string {
	t.named++
	name := fmt.Sprintf("row%d", t.named)
	t.ops = append(t.ops, ovsdb.Operation{Op: ovsdb.OperationInsert, Table: table, Row: row, UUIDName: name})
	return name
}

func byUUID(uuid string) []ovsdb.Condition {
	return []ovsdb.Condition{ovsdb.NewCondition("_uuid", ovsdb.ConditionEqual, ovsdb.UUID{GoUUID: uuid})}
}

func uuidSet(uuids []string) ovsdb.OvsSet {
	set := ovsdb.OvsSet{GoSet: make([]any, 0, len(uuids))}
	for _, u := range uuids {
		set.GoSet = append(set.GoSet, ovsdb.UUID{GoUUID: u})
	}
	return set
}

// stringMap is a map in RFC 7047 notation, in the order of its keys: libovsdb's
// own has none.
type stringMap map[string]string

func (m stringMap) MarshalJSON() ([]byte, error) {
	pairs := make([][2]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, [2]string{k, m[k]})
	}
	return json.Marshal([]any{"map", pairs})
}

// String prints the operations, one a line.
func (t *Txn) String() string {
	var b strings.Builder
	for _, op := range t.ops {
		j, err := json.Marshal(op)
		if err != nil {
			fmt.Fprintf(&b, "%s %s: %v\n", op.Op, op.Table, err)
			continue
		}
		fmt.Fprintf(&b, "%s\n", j)
	}
	return b.String()
}
