package schema_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/schema/server"
)

// These types are a second reading of RFC 7047 section 3.2, independent of the
// package's own, with every shorthand written out.
type (
	wantDatabase struct {
		Name, Version, Cksum string
		Tables               map[string]wantTable
	}
	wantTable struct {
		Columns map[string]wantColumn
		MaxRows float64
		IsRoot  bool
		Indexes []string
	}
	wantColumn struct {
		Key, Value wantBase
		Min, Max   float64
		Ephemeral  bool
	}
	wantBase struct {
		Type                   string
		Enum                   []string
		MinInteger, MaxInteger float64
		MinLength, MaxLength   float64
		RefTable, RefType      string
	}
)

func readSchema(t *testing.T, data []byte) wantDatabase {
	t.Helper()
	var raw struct {
		Name, Version, Cksum string
		Tables               map[string]struct {
			Columns map[string]struct {
				Type      any
				Ephemeral bool
			}
			MaxRows *float64
			IsRoot  bool
			Indexes [][]string
		}
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	db := wantDatabase{Name: raw.Name, Version: raw.Version, Cksum: raw.Cksum, Tables: map[string]wantTable{}}
	for name, rt := range raw.Tables {
		wt := wantTable{Columns: map[string]wantColumn{}, IsRoot: rt.IsRoot, MaxRows: math.Inf(1)}
		if rt.MaxRows != nil {
			wt.MaxRows = *rt.MaxRows
		}
		for _, index := range rt.Indexes {
			wt.Indexes = append(wt.Indexes, fmt.Sprint(index))
		}
		slices.Sort(wt.Indexes)
		for name, rc := range rt.Columns {
			wt.Columns[name] = readColumn(rc.Type, rc.Ephemeral)
		}
		db.Tables[name] = wt
	}
	return db
}

func readColumn(typ any, ephemeral bool) wantColumn {
	m, ok := typ.(map[string]any)
	if !ok {
		m = map[string]any{"key": typ}
	}
	c := wantColumn{Key: readBase(m["key"]), Min: 1, Max: 1, Ephemeral: ephemeral}
	if v, ok := m["value"]; ok {
		c.Value = readBase(v)
	}
	if v, ok := m["min"].(float64); ok {
		c.Min = v
	}
	switch v := m["max"].(type) {
	case float64:
		c.Max = v
	case string:
		c.Max = math.Inf(1)
	}
	return c
}

func readBase(v any) wantBase {
	m, ok := v.(map[string]any)
	if !ok {
		m = map[string]any{"type": v}
	}
	number := func(name string, def float64) float64 {
		if v, ok := m[name].(float64); ok {
			return v
		}
		return def
	}
	b := wantBase{
		Type:       m["type"].(string),
		MinInteger: number("minInteger", math.Inf(-1)), MaxInteger: number("maxInteger", math.Inf(1)),
		MinLength: number("minLength", 0), MaxLength: number("maxLength", math.Inf(1)),
	}
	if ref, ok := m["refTable"].(string); ok {
		b.RefTable, b.RefType = ref, "strong"
		if v, ok := m["refType"].(string); ok {
			b.RefType = v
		}
	}
	switch enum := m["enum"].(type) {
	case string:
		b.Enum = []string{enum}
	case []any:
		for _, e := range enum[1].([]any) {
			b.Enum = append(b.Enum, e.(string))
		}
		slices.Sort(b.Enum)
	}
	return b
}

// served lists our databases with the files that say what they should be.
func served() []struct {
	db   *schema.Database
	file string
} {
	return []struct {
		db   *schema.Database
		file string
	}{{nb.Schema(), "ovn-nb.ovsschema"}, {sb.Schema(), "ovn-sb.ovsschema"}}
}

// TestServedSchema compares with the schema of the version that we serve,
// which is not part of the project: it is looked for beside the module.
func TestServedSchema(t *testing.T) {
	dir := os.Getenv("WEFT_SHARED")
	if dir == "" {
		dir = "../../shared"
	}
	for _, s := range served() {
		data, err := os.ReadFile(filepath.Join(dir, "schema", s.file))
		if err != nil {
			t.Skipf("no schema to compare with (WEFT_SHARED): %v", err)
		}
		got, want := readSchema(t, s.db.OVSSchema()), readSchema(t, data)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", s.db.Name, diff)
		}
	}
}

// removedUpstream are the values that Debian's older schema allows and the
// version that we serve does not.
var removedUpstream = map[string]string{
	"OVN_Southbound Encap.type": "STT tunnels were dropped",
}

// TestServedSchemaCoversOlder compares with the schema that Debian's packages
// install: a client made for it must find every table and column, with a type
// that takes what it may write.
func TestServedSchemaCoversOlder(t *testing.T) {
	for _, s := range served() {
		data, err := os.ReadFile(filepath.Join("/usr/share/ovn", s.file))
		if err != nil {
			t.Skipf("ovn-common and ovn-central are not installed: %v", err)
		}
		got := readSchema(t, s.db.OVSSchema())
		for name, table := range readSchema(t, data).Tables {
			for column, old := range table.Columns {
				where := fmt.Sprintf("%s %s.%s", s.db.Name, name, column)
				now, ok := got.Tables[name].Columns[column]
				if !ok {
					t.Errorf("%s is missing", where)
				} else if why := narrower(old, now); why != "" && removedUpstream[where] == "" {
					t.Errorf("%s: %s", where, why)
				}
			}
		}
	}
}

// narrower says what values of the old type the new one refuses.
func narrower(old, now wantColumn) string {
	for _, b := range [][2]wantBase{{old.Key, now.Key}, {old.Value, now.Value}} {
		o, n := b[0], b[1]
		if o.Type != n.Type || o.RefTable != n.RefTable || o.RefType != n.RefType {
			return fmt.Sprintf("type %+v became %+v", o, n)
		}
		if n.MinInteger > o.MinInteger || n.MaxInteger < o.MaxInteger || n.MaxLength < o.MaxLength {
			return fmt.Sprintf("limits %+v became %+v", o, n)
		}
		for _, e := range o.Enum {
			if n.Enum != nil && !slices.Contains(n.Enum, e) {
				return fmt.Sprintf("%s is not allowed any more", e)
			}
		}
		if o.Enum == nil && n.Enum != nil {
			return "became an enum"
		}
	}
	if now.Min > old.Min || now.Max < old.Max {
		return fmt.Sprintf("%v..%v elements became %v..%v", old.Min, old.Max, now.Min, now.Max)
	}
	return ""
}

// TestServerSchema pins what ovsdb-server 3.1 serves for _Server.
func TestServerSchema(t *testing.T) {
	got := readSchema(t, server.Schema().OVSSchema())
	want := readSchema(t, []byte(`{"name":"_Server","version":"1.2.0","cksum":"3009684573 744","tables":{"Database":{"isRoot":true,"columns":{
		"cid":{"type":{"key":"uuid","min":0}},"connected":{"type":"boolean"},"index":{"type":{"key":"integer","min":0}},
		"leader":{"type":"boolean"},"model":{"type":{"key":{"enum":["set",["clustered","relay","standalone"]],"type":"string"}}},
		"name":{"type":"string"},"schema":{"type":{"key":"string","min":0}},"sid":{"type":{"key":"uuid","min":0}}}}}}`))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestSize pins the number of tables and columns, wherever the tests run.
func TestSize(t *testing.T) {
	for _, c := range []struct {
		db              *schema.Database
		tables, columns int
	}{{nb.Schema(), 39, 251}, {sb.Schema(), 39, 223}} {
		columns := 0
		for _, t := range c.db.Tables {
			columns += len(t.Columns)
		}
		if len(c.db.Tables) != c.tables || columns != c.columns {
			t.Errorf("%s: %d tables, %d columns; want %d, %d", c.db.Name, len(c.db.Tables), columns, c.tables, c.columns)
		}
	}
}

// TestMembers pins which columns are stored in buckets: that is a matter of the
// storage format.
func TestMembers(t *testing.T) {
	got := map[string]bool{}
	for _, s := range served() {
		for _, table := range s.db.Tables {
			for _, c := range table.Columns {
				if c.Members {
					got[s.db.Name+" "+table.Name+"."+c.Name] = true
				}
			}
		}
	}
	want := []string{
		"OVN_Northbound Address_Set.addresses",
		"OVN_Northbound DNS.records",
		"OVN_Northbound Load_Balancer.vips",
		"OVN_Northbound Load_Balancer_Group.load_balancer",
		"OVN_Northbound Logical_Router.load_balancer",
		"OVN_Northbound Logical_Router.nat",
		"OVN_Northbound Logical_Router.policies",
		"OVN_Northbound Logical_Router.ports",
		"OVN_Northbound Logical_Router.static_routes",
		"OVN_Northbound Logical_Switch.acls",
		"OVN_Northbound Logical_Switch.load_balancer",
		"OVN_Northbound Logical_Switch.ports",
		"OVN_Northbound Port_Group.acls",
		"OVN_Northbound Port_Group.ports",
		"OVN_Southbound Address_Set.addresses",
		"OVN_Southbound DNS.datapaths",
		"OVN_Southbound DNS.records",
		"OVN_Southbound Load_Balancer.datapaths",
		"OVN_Southbound Load_Balancer.vips",
		"OVN_Southbound Logical_DP_Group.datapaths",
		"OVN_Southbound Multicast_Group.ports",
		"OVN_Southbound Port_Group.ports",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestOwners pins which southbound tables and columns the chassis write.
func TestOwners(t *testing.T) {
	var got []string
	for _, table := range sb.Schema().Tables {
		if table.Owner != "" {
			got = append(got, table.Name)
		}
		for _, c := range table.Columns {
			if c.Owner != table.Owner {
				got = append(got, table.Name+"."+c.Name+" "+c.Owner)
			}
		}
	}
	slices.Sort(got)
	want := []string{
		"BFD.status chassis",
		"Chassis",
		"Chassis.external_ids ",
		"Chassis_Private",
		"Chassis_Private.external_ids ",
		"Controller_Event",
		"Encap",
		"FDB",
		"IGMP_Group",
		"Learned_Route",
		"MAC_Binding",
		"Port_Binding.additional_chassis chassis",
		"Port_Binding.additional_encap chassis",
		"Port_Binding.chassis chassis",
		"Port_Binding.encap chassis",
		"Port_Binding.up chassis",
		"Port_Binding.virtual_parent chassis",
		"Service_Monitor.status chassis",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
