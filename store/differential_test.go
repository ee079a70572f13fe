package store

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var uuidText = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

func canonicalValue(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = canonicalValue(v[i])
		}
		return v
	case map[string]any:
		delete(v, "_version")
		for k := range v {
			v[k] = canonicalValue(v[k])
		}
		if rows, ok := v["rows"].([]any); ok {
			slices.SortFunc(rows, func(a, b any) int { return strings.Compare(jsonText(a), jsonText(b)) })
		}
		if d, ok := v["details"].(string); ok && strings.Contains(d, "Transaction causes multiple rows") {
			v["details"] = sortedDetails(d)
		}
		return v
	}
	return v
}

// sortedDetails puts the two rows of an index violation in order; which one
// ovsdb-server names first depends on its hash table.
func sortedDetails(d string) string {
	head, rows, ok := strings.Cut(d, "  First row, ")
	first, second, ok2 := strings.Cut(rows, "  Second row, ")
	if !ok || !ok2 {
		return d
	}
	list := []string{first, second}
	slices.Sort(list)
	return head + " | " + strings.Join(list, " | ")
}

// The statements of testdata give the same results, word for word, as
// ovsdb-server's: the installed one, or what one of version 3.1 gave, which
// UPDATE=1 in the environment writes down anew.
func TestStockWords(t *testing.T) {
	data, err := os.ReadFile("testdata/statements.txt")
	if err != nil {
		t.Fatal(err)
	}
	db := openDB(t, testConfig(testEtcd(t)))
	s, ok := startStock(t, "T", db.Schema().OVSSchema())
	var golden []string
	if !ok {
		text, err := os.ReadFile("testdata/results.txt")
		if err != nil {
			t.Fatal(err)
		}
		golden = strings.Split(string(text), "\n")
	}
	var results []string
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		got := canonical(masked(transact(db, line)))
		var want string
		if ok {
			want = canonical(masked(s.transact(t, "T", line)))
		} else {
			want = golden[i]
		}
		results = append(results, want)
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", line, got, want)
		}
	}
	if ok && os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("testdata/results.txt", []byte(strings.Join(results, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var milliseconds = regexp.MustCompile(`after \d+ ms`)

// masked hides UUIDs that the server made up.
func masked(s string) string {
	s = milliseconds.ReplaceAllString(s, "after <n> ms")
	return uuidText.ReplaceAllStringFunc(s, func(u string) string {
		if strings.HasPrefix(u, "00000000") {
			return u
		}
		return "<uuid>"
	})
}

// vague is canonical without the details of errors that ovsdb-server words by
// what it meets first.
func vague(results string) string {
	var list []any
	if json.Unmarshal([]byte(canonical(results)), &list) != nil {
		return results
	}
	for _, e := range list {
		v, _ := e.(map[string]any)
		switch v["error"] {
		case ErrReferential, ErrConstraint:
			delete(v, "details")
		case ErrRange, ErrDomain:
			v["error"] = ErrConstraint // of another row, perhaps
			delete(v, "details")
		}
	}
	return jsonText(list)
}

// Random transactions give the same results and leave the same tables as a
// stock ovsdb-server.
func TestDifferential(t *testing.T) {
	c := testEtcd(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		cfg := testConfig(c)
		cfg.Prefix = fmt.Sprintf("/weft/t%d/", n)
		db, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		s, ok := shared(t, db)
		if !ok {
			rt.Skip("ovsdb-server is not installed")
		}
		clearStock(t, s)
		g := &generator{t: rt}
		for range rapid.IntRange(1, 25).Draw(rt, "transactions") {
			ops := g.transaction()
			got, want := vague(transact(db, ops)), vague(s.transact(t, "T", ops))
			if got != want {
				rt.Fatalf("%s\n got %s\nwant %s", ops, got, want)
			}
		}
		compareTables(rt, t, db, s)
		db.Close()
		again, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if p := again.Problems(); len(p) > 0 {
			rt.Fatalf("after reload: %v", p)
		}
		compareTables(rt, t, again, s)
	})
}

var stocks = map[*testing.T]*stock{}

// shared starts one ovsdb-server for all rounds of a test.
func shared(t *testing.T, db *DB) (*stock, bool) {
	if s := stocks[t]; s != nil {
		return s, true
	}
	s, ok := startStock(t, "T", db.Schema().OVSSchema())
	if ok {
		stocks[t] = s
		t.Cleanup(func() { delete(stocks, t) })
	}
	return s, ok
}

func clearStock(t *testing.T, s *stock) {
	var ops []string
	for _, table := range []string{"Root", "Kid", "Need", "One", "Wmap"} {
		ops = append(ops, `{"op":"delete","table":"`+table+`","where":[]}`)
	}
	if r := s.transact(t, "T", strings.Join(ops, ",")); strings.Contains(r, "error") {
		t.Fatal(r)
	}
}

func compareTables(rt *rapid.T, t *testing.T, db *DB, s *stock) {
	for _, table := range []string{"Root", "Kid", "Need", "One", "Wmap"} {
		cols := ""
		if table == "Root" { // eph is not kept over a reload
			cols = `,"columns":["_uuid","name","i","s","r","b","u","en","opt","ints","reals","m","mi","kids","weak","friend"]`
		}
		op := `{"op":"select","table":"` + table + `","where":[]` + cols + `}`
		got, want := canonical(transact(db, op)), canonical(s.transact(t, "T", op))
		if got != want {
			rt.Fatalf("table %s\n got %s\nwant %s", table, got, want)
		}
	}
}

// testUUID makes a UUID that tells its table: ovsdb-server lets a row refer to
// its own UUID in another table, where there is no such row.
func testUUID(table string, n int) string {
	at := slices.Index([]string{"Root", "Kid", "Need", "One", "Wmap"}, table)
	return fmt.Sprintf("00000000-0000-4000-800%d-%012d", at, n)
}

// generator makes transactions over few names and UUIDs, so that they meet.
type generator struct {
	t     *rapid.T
	made  int
	names []string // uuid-names of the transaction
}

func (g *generator) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(g.t, label)
}

func (g *generator) number(label string, lo, hi int) string {
	return fmt.Sprint(rapid.IntRange(lo, hi).Draw(g.t, label))
}

func (g *generator) transaction() string {
	g.names = nil
	var ops []string
	for range rapid.IntRange(1, 5).Draw(g.t, "ops") {
		ops = append(ops, g.operation())
	}
	return strings.Join(ops, ",")
}

func (g *generator) operation() string {
	table := g.pick("table", "Root", "Root", "Root", "Kid", "Kid", "Need", "One", "Wmap")
	switch rapid.IntRange(0, 11).Draw(g.t, "op") {
	case 0, 1, 2, 3, 4:
		g.made++
		n := g.made
		if rapid.IntRange(0, 30).Draw(g.t, "again") == 0 {
			n = rapid.IntRange(1, g.made).Draw(g.t, "which")
		}
		id := testUUID(table, n)
		name := ""
		if rapid.Bool().Draw(g.t, "named") {
			name = table + g.pick("uuid-name", "1", "2")
			g.names = append(g.names, name)
			name = `,"uuid-name":"` + name + `"`
		}
		return fmt.Sprintf(`{"op":"insert","table":"%s","uuid":"%s"%s,"row":%s}`, table, id, name, g.row(table, true))
	case 5, 6:
		return fmt.Sprintf(`{"op":"update","table":"%s","where":%s,"row":%s}`, table, g.where(table), g.row(table, false))
	case 7, 8:
		return fmt.Sprintf(`{"op":"mutate","table":"%s","where":%s,"mutations":%s}`, table, g.where(table), g.mutations(table))
	case 9:
		return fmt.Sprintf(`{"op":"delete","table":"%s","where":%s}`, table, g.where(table))
	case 10:
		return fmt.Sprintf(`{"op":"select","table":"%s","where":%s}`, table, g.where(table))
	}
	return fmt.Sprintf(`{"op":"wait","table":"%s","where":%s,"columns":["_uuid"],"until":"%s","rows":[],"timeout":0}`, table, g.where(table), g.pick("until", "==", "!="))
}

func (g *generator) columns(table string) []string {
	return map[string][]string{
		"Root": {"name", "i", "s", "r", "b", "u", "en", "opt", "ints", "reals", "m", "mi", "kids", "weak", "friend", "eph"},
		"Kid":  {"name", "next", "home"},
		"Need": {"n"},
		"One":  {"x"},
		"Wmap": {"p"},
	}[table]
}

func (g *generator) row(table string, insert bool) string {
	row := map[string]json.RawMessage{}
	for _, c := range g.columns(table) {
		often := rapid.IntRange(0, 3).Draw(g.t, "with "+c) == 0
		if often || insert && (c == "name" || c == "i" || c == "x") {
			row[c] = json.RawMessage(g.value(c))
		}
	}
	return jsonText(row)
}

func (g *generator) ref(table string) string {
	if i := slices.IndexFunc(g.names, func(n string) bool { return strings.HasPrefix(n, table) }); i >= 0 && rapid.Bool().Draw(g.t, "by name") {
		return `["named-uuid","` + g.names[i] + `"]`
	}
	if g.made == 0 || rapid.IntRange(0, 15).Draw(g.t, "nowhere") == 0 {
		return `["uuid","` + testUUID(table, 999) + `"]`
	}
	return `["uuid","` + testUUID(table, rapid.IntRange(1, g.made).Draw(g.t, "uuid")) + `"]`
}

func (g *generator) set(label string, max int, element func() string) string {
	seen := map[string]bool{}
	var list []string
	for range rapid.IntRange(0, max).Draw(g.t, label) {
		if e := element(); !seen[e] {
			seen[e] = true
			list = append(list, e)
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	return `["set",[` + strings.Join(list, ",") + `]]`
}

func (g *generator) pairs(value func() string) string {
	var list []string
	for _, k := range []string{"a", "b", "c"} {
		if rapid.Bool().Draw(g.t, "key "+k) {
			list = append(list, `["`+k+`",`+value()+`]`)
		}
	}
	return `["map",[` + strings.Join(list, ",") + `]]`
}

func (g *generator) value(column string) string {
	switch column {
	case "name", "s", "eph":
		return jsonText(g.pick(column, "", "x", "y", "z", "w", "v", "with space", "5"))
	case "i":
		return g.number("i", 0, 60)
	case "r":
		return g.pick("r", "0", "1.5", "-2.25", "1000")
	case "b":
		return g.pick("b", "true", "false")
	case "u":
		return g.ref("Root")
	case "en":
		return g.pick("en", `"a"`, `"b"`, `["set",[]]`, `["set",["a"]]`)
	case "opt":
		return g.pick("opt", `1`, `2`, `["set",[]]`)
	case "x":
		return g.number("x", 1, 9)
	case "ints":
		return g.set("ints", 4, func() string { return g.number("int", 0, 6) })
	case "reals":
		return g.set("reals", 3, func() string { return g.pick("real", "0.5", "1.5", "2", "-1") })
	case "m":
		return g.pairs(func() string { return jsonText(g.pick("v", "", "1", "2")) })
	case "mi":
		return g.pairs(func() string { return g.number("vi", 0, 3) })
	case "p":
		return g.pairs(func() string { return g.ref("Root") })
	case "friend", "next", "home":
		if rapid.IntRange(0, 3).Draw(g.t, "none") == 0 {
			return `["set",[]]`
		}
		return g.ref(target(column))
	}
	return g.set(column, 3, func() string { return g.ref(target(column)) })
}

// target is the table that a column refers to.
func target(column string) string {
	if column == "kids" || column == "next" {
		return "Kid"
	}
	return "Root"
}

func (g *generator) where(table string) string {
	var clauses []string
	for range rapid.IntRange(0, 2).Draw(g.t, "clauses") {
		if rapid.Bool().Draw(g.t, "by uuid") {
			clauses = append(clauses, `["_uuid","`+g.pick("f", "==", "==", "==", "!=")+`",`+g.ref(table)+`]`)
			continue
		}
		c := g.pick("column", g.columns(table)...)
		f := g.pick("function", "==", "!=", "includes", "excludes")
		if c == "i" || c == "r" || c == "opt" || c == "x" {
			f = g.pick("function", "==", "!=", "<", "<=", ">", ">=")
		}
		v := g.value(c)
		if strings.HasPrefix(f, "<") || strings.HasPrefix(f, ">") {
			v = g.number("bound", 1, 9)
		}
		clauses = append(clauses, `["`+c+`","`+f+`",`+v+`]`)
	}
	if len(clauses) == 0 && rapid.IntRange(0, 5).Draw(g.t, "all") > 0 {
		clauses = []string{`["_uuid","==",` + g.ref(table) + `]`}
	}
	return "[" + strings.Join(clauses, ",") + "]"
}

func (g *generator) mutations(table string) string {
	var list []string
	for range rapid.IntRange(1, 3).Draw(g.t, "mutations") {
		c := g.pick("column", g.columns(table)...)
		switch c {
		case "i", "opt", "ints", "x":
			if c != "ints" || rapid.Bool().Draw(g.t, "arithmetic") {
				list = append(list, `["`+c+`","`+g.pick("mutator", "+=", "-=", "*=", "/=", "%=")+`",`+g.number("operand", -2, 7)+`]`)
				continue
			}
		case "r":
			list = append(list, `["r","`+g.pick("mutator", "+=", "-=", "*=", "/=")+`",`+g.pick("operand", "0", "2", "0.5", "4")+`]`)
			continue
		case "name", "s", "b", "u", "eph":
			continue
		}
		v := g.value(c)
		mutator := g.pick("mutator", "insert", "delete")
		if mutator == "delete" && strings.HasPrefix(v, `["map"`) && rapid.Bool().Draw(g.t, "by key") {
			v = `["set",["a","c"]]`
		}
		list = append(list, `["`+c+`","`+mutator+`",`+v+`]`)
	}
	return "[" + strings.Join(list, ",") + "]"
}
