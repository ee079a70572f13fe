package schema_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// refused are values of northbound columns that are not allowed, with what
// ovsdb-server 3.1 answers (TestRefusedByServer asks it).
var refused = []struct {
	table, column, value  string
	name, details, syntax string
}{
	{"Logical_Switch_Port", "tag", `4096`, "constraint violation", "4096 is not in the valid range 1 to 4095 (inclusive)", ""},
	{"Logical_Switch_Port", "tag", `-9223372036854775808`, "constraint violation", "-9223372036854775808 is not in the valid range 1 to 4095 (inclusive)", ""},
	{"Logical_Switch_Port", "tag", `["set",[1,2]]`, "syntax error", "set must have 0 to 1 members but 2 are present", `["set",[1,2]]`},
	{"Logical_Switch_Port", "tag", `["set",["a", "b"]]`, "syntax error", "set must have 0 to 1 members but 2 are present", `["set",["a","b"]]`},
	{"Logical_Switch_Port", "tag", `"x"`, "syntax error", "expected integer", `"x"`},
	{"Logical_Switch_Port", "tag", `1.5`, "syntax error", "expected integer", `1.5`},
	{"Logical_Switch_Port", "tag", `null`, "syntax error", "expected integer", `null`},
	{"Logical_Switch_Port", "name", `5`, "syntax error", "expected string", `5`},
	{"Logical_Switch_Port", "name", `["set",[]]`, "syntax error", "set must have exactly one member but 0 are present", `["set",[]]`},
	{"Logical_Switch_Port", "name", `["set",["a","b"]]`, "syntax error", "set must have exactly one member but 2 are present", `["set",["a","b"]]`},
	{"Logical_Switch_Port", "up", `"true"`, "syntax error", "expected boolean", `"true"`},
	{"Logical_Switch_Port", "up", `1`, "syntax error", "expected boolean", `1`},
	{"Logical_Switch_Port", "addresses", `["set",["x","y","x"]]`, "ovsdb error", "set contains duplicate", ""},
	{"Logical_Switch_Port", "addresses", `["set","x"]`, "syntax error", `expected ["set", <array>]`, `["set","x"]`},
	{"Logical_Switch_Port", "addresses", `["set"]`, "syntax error", `expected ["set", <array>]`, `["set"]`},
	{"Logical_Switch_Port", "addresses", `["set",["x"],1]`, "syntax error", `expected ["set", <array>]`, `["set",["x"],1]`},
	{"Logical_Switch_Port", "addresses", `["foo",["x"]]`, "syntax error", "expected string", `["foo",["x"]]`},
	{"Logical_Switch_Port", "addresses", `[]`, "syntax error", "expected string", `[]`},
	{"Logical_Switch_Port", "addresses", `{}`, "syntax error", "expected string", `{}`},
	{"Logical_Switch_Port", "addresses", `["set",["a",["set",[]]]]`, "syntax error", "expected string", `["set",[]]`},
	{"Logical_Switch_Port", "options", `["set",[]]`, "syntax error", `expected ["map", <array>]`, `["set",[]]`},
	{"Logical_Switch_Port", "options", `["map",{}]`, "syntax error", `expected ["map", <array>]`, `["map",{}]`},
	{"Logical_Switch_Port", "options", `"x"`, "syntax error", `expected ["map", <array>]`, `"x"`},
	{"Logical_Switch_Port", "options", `["map",[["a","b"],["a","c"]]]`, "ovsdb error", "map contains duplicate key", ""},
	{"Logical_Switch_Port", "options", `["map",[["a"]]]`, "syntax error", "expected 2-element array", `["a"]`},
	{"Logical_Switch_Port", "options", `["map",["a"]]`, "syntax error", "expected 2-element array", `"a"`},
	{"Logical_Switch_Port", "options", `["map",[["a","b","c"]]]`, "syntax error", "expected 2-element array", `["a","b","c"]`},
	{"Logical_Switch_Port", "options", `["map",[["a",1]]]`, "syntax error", "expected string", `1`},
	{"Logical_Switch_Port", "options", `["map",[[1,"a"]]]`, "syntax error", "expected string", `1`},
	{"Logical_Switch_Port", "dhcpv4_options", `"x"`, "syntax error", `expected ["uuid", <string>]`, `"x"`},
	{"Logical_Switch_Port", "dhcpv4_options", `["uuid","x"]`, "syntax error", `"x" is not a valid UUID`, `["uuid","x"]`},
	{"Logical_Switch_Port", "dhcpv4_options", `["uuid",5]`, "syntax error", `expected ["uuid", <string>]`, `["uuid",5]`},
	{"Logical_Switch_Port", "dhcpv4_options", `["uuid"]`, "syntax error", `expected ["uuid", <string>]`, `["uuid"]`},
	{"Logical_Switch_Port", "dhcpv4_options", `["uuid","a","b"]`, "syntax error", `expected ["uuid", <string>]`, `["uuid","a","b"]`},
	{"Logical_Switch_Port", "dhcpv4_options", `["foo","x"]`, "syntax error", `expected ["uuid", <string>]`, `["foo","x"]`},
	{"Logical_Switch_Port", "dhcpv4_options", `["named-uuid",3]`, "syntax error", `expected ["uuid", <string>]`, `["named-uuid",3]`},
	{"Logical_Switch_Port", "dhcpv4_options", `["named-uuid","a b"]`, "syntax error", "named-uuid string is not a valid <id>", `["named-uuid","a b"]`},
	{"Logical_Switch_Port", "dhcpv4_options", `["named-uuid","9"]`, "syntax error", "named-uuid string is not a valid <id>", `["named-uuid","9"]`},
	{"Connection", "max_backoff", `10`, "constraint violation", "10 is less than minimum allowed value 1000", ""},
	{"NAT", "type", `"x"`, "constraint violation", "x is not one of the allowed values ([dnat, dnat_and_snat, snat])", ""},
	{"NAT", "type", `""`, "constraint violation", `"" is not one of the allowed values ([dnat, dnat_and_snat, snat])`, ""},
	{"NAT", "type", `"true"`, "constraint violation", `"true" is not one of the allowed values ([dnat, dnat_and_snat, snat])`, ""},
	{"NAT", "type", `"9a"`, "constraint violation", `"9a" is not one of the allowed values ([dnat, dnat_and_snat, snat])`, ""},
	{"NAT", "type", `"a-b.c"`, "constraint violation", `a-b.c is not one of the allowed values ([dnat, dnat_and_snat, snat])`, ""},
	{"NAT", "type", `"a\"\\\n\u0001/é\b\f"`, "constraint violation", `"a\"\\\n\u0001/é\b\f" is not one of the allowed values ([dnat, dnat_and_snat, snat])`, ""},
	{"NAT", "type", `"a0000000-0000-0000-0000-000000000002"`, "constraint violation", `"a0000000-0000-0000-0000-000000000002" is not one of the allowed values ([dnat, dnat_and_snat, snat])`, ""},
	{"ACL", "name", `"0123456789012345678901234567890123456789012345678901234567890123"`, "constraint violation", `"0123456789012345678901234567890123456789012345678901234567890123" length 64 is greater than maximum allowed length 63`, ""},
	{"Forwarding_Group", "child_port", `["set",[]]`, "syntax error", "set must have 1 to 4294967295 members but 0 are present", `["set",[]]`},
	{"QoS", "action", `["map",[["foo",3]]]`, "constraint violation", "foo is not one of the allowed values ([dscp, mark])", ""},
	{"QoS", "action", `["map",[["dscp",-3]]]`, "constraint violation", "-3 is not in the valid range 0 to 4294967295 (inclusive)", ""},
}

func column(t testing.TB, table, column string) *schema.Column {
	t.Helper()
	c := nb.Schema().Table(table).Column(column)
	if c == nil {
		t.Fatalf("no column %s.%s", table, column)
	}
	return c
}

func TestParseDatumRefuses(t *testing.T) {
	named := func(name string) (schema.UUID, error) { return schema.NameUUID(name), nil }
	for _, r := range refused {
		c := column(t, r.table, r.column)
		_, err := schema.ParseDatum([]byte(r.value), &c.Type, named)
		var e *schema.Error
		if !errors.As(err, &e) || e.Name != r.name || e.Details != r.details || e.Syntax != r.syntax {
			t.Errorf("%s.%s = %s:\n got %#v\nwant %s: %s %s", r.table, r.column, r.value, err, r.name, r.details, r.syntax)
		}
	}
}

// TestParseDatumBadJSON is about text that a server's JSON parser refuses
// before it becomes a value.
func TestParseDatumBadJSON(t *testing.T) {
	for _, text := range []string{
		"", " ", "[", "]", "{", `"`, `"\`, `"\x"`, `"\u12"`, "\"\x01\"", "\"\xff\"", `"a\u0000"`, `"a"b`, "tru", "nul", "1.", "1e", "-", "01",
		`["set",["a",]]`, `["set",["a" "b"]]`, `["set",[NaN]]`, `["set"`, `{"a"}`, `{"a":}`, `{a:1}`, strings.Repeat("[", 1000000),
	} {
		for _, c := range []string{"addresses", "options", "tag", "up", "dhcpv4_options"} {
			_, err := schema.ParseDatum([]byte(text), &column(t, "Logical_Switch_Port", c).Type, nil)
			var e *schema.Error
			if !errors.As(err, &e) || e.Name != schema.ErrSyntax {
				t.Errorf("%s = %.20q: %v", c, text, err)
			}
		}
	}
}

func TestParseDatumAccepts(t *testing.T) {
	const id = `["uuid","0a000000-0000-4000-8000-00000000000f"]`
	for _, c := range []struct{ column, value, want string }{
		{"name", `"a"`, `"a"`},
		{"name", ` "a" `, `"a"`},
		{"name", `["set",["a"]]`, `"a"`},
		{"name", `[ "set" , [ "a" ] ]`, `"a"`},
		{"name", `"\u00e9\ud83d\ude00\n\/"`, `"é😀\n/"`},
		{"tag", `7`, `7`},
		{"tag", `7.0`, `7`},
		{"tag", `7e2`, `700`},
		{"tag", `["set",[]]`, `["set",[]]`},
		{"tag", `["set",[7]]`, `7`},
		{"up", `true`, `true`},
		{"addresses", `["set",["b","a","c"]]`, `["set",["a","b","c"]]`},
		{"addresses", `"b"`, `"b"`},
		{"addresses", `["set",[]]`, `["set",[]]`},
		{"options", `["map",[]]`, `["map",[]]`},
		{"options", `["map",[["b","2"],["a","1"]]]`, `["map",[["a","1"],["b","2"]]]`},
		{"dhcpv4_options", strings.ToUpper(id[8:]), ``},
		{"dhcpv4_options", `["uuid","0A000000-0000-4000-8000-00000000000F"]`, id},
		{"dhcpv4_options", `["set",[` + id + `]]`, id},
		{"dhcpv4_options", `["named-uuid","new"]`, `["uuid","` + schema.NameUUID("new").String() + `"]`},
	} {
		typ := &column(t, "Logical_Switch_Port", c.column).Type
		d, err := schema.ParseDatum([]byte(c.value), typ, func(name string) (schema.UUID, error) {
			return schema.NameUUID(name), nil
		})
		if c.want == "" {
			if err == nil {
				t.Errorf("%s = %s: accepted", c.column, c.value)
			}
			continue
		}
		if got := string(d.AppendJSON(nil, typ)); err != nil || got != c.want {
			t.Errorf("%s = %s: got %s, %v; want %s", c.column, c.value, got, err, c.want)
		}
	}
}

func TestResolver(t *testing.T) {
	typ := &column(t, "Logical_Switch_Port", "dhcpv4_options").Type
	mine := errors.New("no such name")
	_, err := schema.ParseDatum([]byte(`["named-uuid","x"]`), typ, func(string) (schema.UUID, error) {
		return schema.UUID{}, mine
	})
	if err != mine {
		t.Errorf("got %v, want the resolver's error", err)
	}
	if _, err := schema.ParseDatum([]byte(`["named-uuid","x"]`), typ, nil); err == nil {
		t.Error("a named-uuid was accepted without resolver")
	}
}

// TestLimits is about arguments of mutations: the same type with other limits.
func TestLimits(t *testing.T) {
	typ := column(t, "Forwarding_Group", "child_port").Type
	typ.Min = 0
	if d, err := schema.ParseDatum([]byte(`["set",[]]`), &typ, nil); err != nil || d.Len() != 0 {
		t.Errorf("got %v, %v", d, err)
	}
}

func TestReal(t *testing.T) {
	typ := schema.Type{Key: schema.NewBaseType(schema.KindReal), Min: 1, Max: 1}
	typ.Key.MinReal, typ.Key.MaxReal = -2.5, 1e300
	for _, c := range []struct{ value, want, details string }{
		{`1`, `1`, ``},
		{`-0.0`, `0`, ``},
		{`0.1`, `0.1`, ``},
		{`1e20`, `1e+20`, ``},
		{`1e301`, ``, "1e+301 is not in the valid range -2.5 to 1e+300 (inclusive)"},
		{`1e999`, ``, "number outside valid range"},
		{`"1"`, ``, "expected real"},
	} {
		d, err := schema.ParseDatum([]byte(c.value), &typ, nil)
		var e *schema.Error
		if errors.As(err, &e) {
			if e.Details != c.details {
				t.Errorf("%s: %s; want %s", c.value, e.Details, c.details)
			}
		} else if got := string(d.AppendJSON(nil, &typ)); got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("%s: got %s, want %s", c.value, got, c.want)
		}
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if typ.Check(schema.SetDatum(schema.RealAtom(v))) == nil {
			t.Errorf("%v was accepted", v)
		}
	}
	if schema.RealAtom(math.Copysign(0, -1)) != schema.RealAtom(0) {
		t.Error("minus zero differs from zero")
	}
}

func TestCheck(t *testing.T) {
	names := &column(t, "Logical_Switch_Port", "addresses").Type
	options := &column(t, "Logical_Switch_Port", "options").Type
	a, b := schema.StringAtom("a"), schema.StringAtom("b")
	for name, c := range map[string]struct {
		typ *schema.Type
		d   schema.Datum
	}{
		"order":        {names, schema.Datum{Keys: []schema.Atom{b, a}}},
		"duplicate":    {names, schema.Datum{Keys: []schema.Atom{a, a}}},
		"kind":         {names, schema.SetDatum(schema.IntAtom(1))},
		"void":         {names, schema.SetDatum(schema.Atom{})},
		"NUL":          {names, schema.SetDatum(schema.StringAtom("a\x00"))},
		"UTF-8":        {names, schema.SetDatum(schema.StringAtom("\xff"))},
		"set as map":   {options, schema.SetDatum(a)},
		"map as set":   {names, schema.MapDatum([]schema.Atom{a}, []schema.Atom{b})},
		"short values": {options, schema.Datum{Keys: []schema.Atom{a, b}, Values: []schema.Atom{a}}},
		"value kind":   {options, schema.MapDatum([]schema.Atom{a}, []schema.Atom{schema.IntAtom(1)})},
	} {
		if c.typ.Check(c.d) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDatumFunctions(t *testing.T) {
	set := func(s string) schema.Datum {
		var keys []schema.Atom
		for _, r := range s {
			keys = append(keys, schema.StringAtom(string(r)))
		}
		return schema.SetDatum(keys...)
	}
	for _, c := range []struct {
		d, e               string
		includes, excludes bool
		minus              string
	}{
		{"abc", "ab", true, false, "c"},
		{"abc", "", true, true, "abc"},
		{"abc", "ad", false, false, "bc"},
		{"abc", "d", false, true, "abc"},
		{"", "d", false, true, ""},
		{"cab", "bca", true, false, ""},
	} {
		d, e := set(c.d), set(c.e)
		if d.Includes(e) != c.includes || d.Excludes(e) != c.excludes || !d.Minus(e).Equal(set(c.minus)) {
			t.Errorf("%s, %s: %v %v %v", c.d, c.e, d.Includes(e), d.Excludes(e), d.Minus(e))
		}
	}
	one, two := schema.IntAtom(1), schema.IntAtom(2)
	m := schema.MapDatum([]schema.Atom{two, one}, []schema.Atom{one, two})
	if !m.Includes(schema.MapDatum([]schema.Atom{one}, []schema.Atom{two})) ||
		m.Includes(schema.MapDatum([]schema.Atom{one}, []schema.Atom{one})) ||
		!m.Excludes(schema.MapDatum([]schema.Atom{one}, []schema.Atom{one})) {
		t.Error("pairs of a map must match in key and value")
	}
}

func TestTypeString(t *testing.T) {
	for _, c := range []struct{ table, column, want string }{
		{"DHCP_Relay", "name", "string"},
		{"DHCP_Relay", "servers", "set of up to 1 strings"},
		{"DHCP_Relay", "options", "map of (string, string) pairs"},
		{"Forwarding_Group", "child_port", "set of 1 or more strings"},
		{"Logical_Switch", "ports", "set of uuids"},
		{"Logical_Switch_Port", "tag", "set of up to 1 integers"},
	} {
		if got := column(t, c.table, c.column).Type.String(); got != c.want {
			t.Errorf("%s.%s: %q, want %q", c.table, c.column, got, c.want)
		}
	}
}
