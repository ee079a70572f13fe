package schema_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestInsertDelete holds the fast paths to what the general form says, and to
// leaving alone what other rows share.
func TestInsertDelete(t *testing.T) {
	table := shapes().Tables[0]
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(table.Columns).Draw(t, "column")
		if c.Type.IsScalar() {
			return
		}
		old := drawRow(t, table)
		// From the same row, so that some elements meet.
		arg := drawDatum(t, &c.Type)
		if rapid.Bool().Draw(t, "own") {
			arg = c.Get(old)
		}
		before := c.Get(old)
		row := table.Clone(old)
		if rapid.Bool().Draw(t, "insert") {
			checkInsert(t, c, row, before, arg)
		} else {
			checkDelete(t, c, row, before, arg)
		}
		if !c.Get(old).Equal(before) {
			t.Fatal("a shared value changed")
		}
		gone, come := c.Diff(old, row)
		if !gone.Equal(before.Minus(c.Get(row))) || !come.Equal(c.Get(row).Minus(before)) {
			t.Fatalf("diff: %v %v", gone, come)
		}
		if c.Equal(old, row) != (gone.Len() == 0 && come.Len() == 0) {
			t.Fatal("diff and equal disagree")
		}
	})
}

func checkInsert(t *rapid.T, c *schema.Column, row schema.Row, before, arg schema.Datum) {
	added, err := c.InsertKeys(row, arg)
	var keys, values []schema.Atom
	for i, k := range arg.Keys {
		if !before.Has(k) {
			keys = append(keys, k)
			if arg.Values != nil {
				values = append(values, arg.Values[i])
			}
		}
	}
	if len(before.Keys)+len(keys) > c.Type.Max {
		if err == nil {
			t.Fatal("too many elements were taken")
		}
		keys = nil
	} else if err != nil {
		t.Fatal(err)
	}
	want := schema.SetDatum(append(slices.Clone(before.Keys), keys...)...)
	if c.Type.IsMap() {
		want = schema.MapDatum(append(slices.Clone(before.Keys), keys...), append(slices.Clone(before.Values), values...))
	}
	if got := c.Get(row); !got.Equal(want) || !slices.Equal(added.Keys, keys) || c.Type.Check(got) != nil {
		t.Fatalf("%s: %v + %v = %v, added %v", c.Name, before, arg, got, added)
	}
}

func checkDelete(t *rapid.T, c *schema.Column, row schema.Row, before, arg schema.Datum) {
	if c.Type.IsMap() && rapid.Bool().Draw(t, "keys") {
		arg.Values = nil
	}
	removed, err := c.DeleteKeys(row, arg)
	var keys, values, gone []schema.Atom
	for i, k := range before.Keys {
		j, ok := arg.Find(k)
		if ok && (arg.Values == nil || arg.Values[j] == before.Values[i]) {
			gone = append(gone, k)
			continue
		}
		keys = append(keys, k)
		if c.Type.IsMap() {
			values = append(values, before.Values[i])
		}
	}
	want := schema.Datum{Keys: keys, Values: values}
	if len(keys) < c.Type.Min {
		if err == nil {
			t.Fatal("too few elements were left")
		}
		want, gone = before, nil
	} else if err != nil {
		t.Fatal(err)
	}
	if got := c.Get(row); !got.Equal(want) || !slices.Equal(removed.Keys, gone) {
		t.Fatalf("%s: %v - %v = %v, removed %v", c.Name, before, arg, got, removed)
	}
}

// TestMutationErrors pins ovsdb-server's words for what a mutation may not do.
func TestMutationErrors(t *testing.T) {
	a, b := "a", schema.StringAtom("b")
	relay := &nb.DHCPRelay{Servers: &a}
	_, err := column(t, "DHCP_Relay", "servers").InsertKeys(relay, schema.SetDatum(b))
	wantError(t, err, "constraint violation", "Attempted to store 2 elements in set of up to 1 strings.")
	group := &nb.ForwardingGroup{ChildPort: []string{"b"}}
	_, err = column(t, "Forwarding_Group", "child_port").DeleteKeys(group, schema.SetDatum(b))
	wantError(t, err, "constraint violation", "Attempted to store 0 elements in set of 1 or more strings.")
	_, err = column(t, "Logical_Switch", "ports").InsertKeys(&nb.LogicalSwitch{}, schema.SetDatum(b))
	wantError(t, err, "syntax error", "expected uuid")
	wantError(t, column(t, "NAT", "priority").Set(&nb.NAT{}, schema.SetDatum(schema.IntAtom(40000))),
		"constraint violation", "40000 is not in the valid range 0 to 32767 (inclusive)")
	if column(t, "NAT", "_uuid").Set(&nb.NAT{}, schema.SetDatum(schema.UUIDAtom(schema.NewUUID()))) == nil {
		t.Error("_uuid was set")
	}
}

func wantError(t *testing.T, err error, name, details string) {
	t.Helper()
	var e *schema.Error
	if !errors.As(err, &e) || e.Name != name || e.Details != details {
		t.Errorf("got %v, want %s: %s", err, name, details)
	}
}

func TestDefaults(t *testing.T) {
	group := nb.Schema().Table("Forwarding_Group").New(schema.NameUUID("g")).(*nb.ForwardingGroup)
	want := &nb.ForwardingGroup{ChildPort: []string{""}}
	want.UUID = schema.NameUUID("g")
	if diff := cmp.Diff(want, group); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	acl := nb.Schema().Table("ACL")
	wantError(t, acl.Check(acl.New(schema.UUID{})), "constraint violation",
		`"" is not one of the allowed values ([from-lport, to-lport])`)
}

func TestHeaderColumns(t *testing.T) {
	table := nb.Schema().Table("NAT")
	row := table.New(schema.NameUUID("a"))
	schema.HeaderOf(row).Version = schema.NameUUID("v")
	for name, want := range map[string]string{schema.ColumnUUID: "a", schema.ColumnVersion: "v"} {
		if got := table.Column(name).Get(row); !got.Equal(schema.SetDatum(schema.UUIDAtom(schema.NameUUID(want)))) {
			t.Errorf("%s = %v", name, got)
		}
	}
	if table.Column("nosuch") != nil || nb.Schema().Table("nosuch") != nil {
		t.Error("an unknown name gave a descriptor")
	}
	if nb.Schema().TableOf(&sb.Mirror{}) != nil || nb.Schema().TableOf(nil) != nil || !table.Holds(&nb.NAT{}) || table.Holds(&nb.ACL{}) {
		t.Error("a row was taken for another table's")
	}
}

func TestRefs(t *testing.T) {
	id := schema.NameUUID("x")
	role := &sb.RBACRole{Permissions: map[string]schema.UUID{"Chassis": id}}
	binding := &sb.PortBinding{Datapath: id, Chassis: &id}
	got := map[string]bool{}
	for _, row := range []schema.Row{role, binding} {
		for _, c := range sb.Schema().TableOf(row).Columns {
			c.EachRef(row, func(table string, to schema.UUID, strong bool) {
				if to != id {
					t.Errorf("%s refers to %v", c.Name, to)
				}
				got[c.Name+" "+table] = strong
			})
		}
	}
	want := map[string]bool{"permissions RBAC_Permission": false, "datapath Datapath_Binding": true, "chassis Chassis": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDeleteWhere(t *testing.T) {
	x, y := schema.NameUUID("x"), schema.NameUUID("y")
	is := func(k, v schema.Atom) bool { return k.UUID() == x || v.Kind() == schema.KindUUID && v.UUID() == x }
	role := &sb.RBACRole{Permissions: map[string]schema.UUID{"a": x, "b": y}}
	column := sb.Schema().Table("RBAC_Role").Column("permissions")
	if gone := column.DeleteWhere(role, is); gone.Len() != 1 || len(role.Permissions) != 1 {
		t.Errorf("%v, %v left", gone, role.Permissions)
	}
	binding := &sb.PortBinding{Chassis: &x}
	if sb.Schema().Table("Port_Binding").Column("chassis").DeleteWhere(binding, is); binding.Chassis != nil {
		t.Error("an optional weak reference stayed")
	}
	mcast := &sb.IPMulticast{Datapath: x}
	if sb.Schema().Table("IP_Multicast").Column("datapath").DeleteWhere(mcast, is); !mcast.Datapath.IsZero() {
		t.Error("a weak reference stayed")
	}
}

// TestBadTags: a mistake in a struct is found when the descriptors are made.
func TestBadTags(t *testing.T) {
	type noTag struct {
		schema.Header `ovs:"T"`
		A             string
	}
	type badType struct {
		schema.Header `ovs:"T"`
		A             int `ovs:"a"`
	}
	type badOption struct {
		schema.Header `ovs:"T"`
		A             string `ovs:"a,range=1:2"`
	}
	type badIndex struct {
		schema.Header `ovs:"T,index=b"`
		A             string `ovs:"a"`
	}
	type badRef struct {
		schema.Header `ovs:"T"`
		A             schema.UUID `ovs:"a,weak=U"`
	}
	type twice struct {
		schema.Header `ovs:"T"`
		A             string `ovs:"a"`
		B             string `ovs:"a"`
	}
	type lateHeader struct {
		A             string `ovs:"a"`
		schema.Header `ovs:"T"`
	}
	for _, row := range []schema.Row{(*lateHeader)(nil), (*noTag)(nil), (*badType)(nil), (*badOption)(nil), (*badIndex)(nil), (*badRef)(nil), (*twice)(nil)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T was taken", row)
				}
			}()
			schema.NewDatabase("D", "1.0.0", "", row)
		}()
	}
}
