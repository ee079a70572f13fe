package store

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
)

// A row's version follows from what it holds: worked out change by change, of a
// batch or one at a time, it is what it is for the row as a whole, and the same
// once the database is read anew.
func TestVersions(t *testing.T) {
	cfg := testConfig(testEtcd(t))
	db := openDB(t, cfg)
	rng := rand.New(rand.NewPCG(1, 2))
	seen := map[schema.UUID]string{} // what a version was of
	check := func() map[schema.UUID]schema.UUID {
		t.Helper()
		versions := map[schema.UUID]schema.UUID{}
		for _, table := range db.layout.tables {
			for row := range db.Rows(table.Name) {
				v := schema.HeaderOf(row).Version
				if want := table.version(row); v != want {
					t.Fatalf("%s row %s has version %s, want %s", table.Name, row.RowUUID(), v, want)
				}
				text := row.RowUUID().String()
				for _, c := range table.byCol {
					text += " " + string(c.AppendJSON(nil, row))
				}
				if was, ok := seen[v]; ok && was != text {
					t.Fatalf("version %s is that of %s and of %s", v, was, text)
				}
				seen[v] = text
				versions[row.RowUUID()] = v
			}
		}
		return versions
	}
	for i := range 5 {
		transact(db, fmt.Sprintf(`{"op":"insert","table":"Root","row":{"name":"%d","i":%d}}`, i, i))
	}
	change := func() string {
		n := rng.IntN(4)
		return strings.NewReplacer("$r", fmt.Sprint(rng.IntN(5)), "$n", fmt.Sprint(n), "$b", fmt.Sprint(n%2 == 0)).Replace([]string{
			`{"op":"update","table":"Root","where":[["name","==","$r"]],"row":{"s":"$n","b":$b,"opt":$n}}`,
			`{"op":"update","table":"Root","where":[["name","==","$r"]],"row":{"opt":["set",[]],"eph":"$n"}}`,
			`{"op":"mutate","table":"Root","where":[["name","==","$r"]],"mutations":[["ints","insert",$n],["mi","insert",["map",[["k$n",$n]]]]]}`,
			`{"op":"mutate","table":"Root","where":[["name","==","$r"]],"mutations":[["ints","delete",$n],["mi","delete",["set",["k$n"]]],["r","+=",$n]]}`,
			`{"op":"update","table":"Root","where":[["name","==","$r"]],"row":{"m":["map",[["a","$n"],["b$n","$n"]]]}}`,
			`{"op":"mutate","table":"Root","where":[["name","==","$r"]],"mutations":[["kids","insert",["named-uuid","k"]]]},{"op":"insert","table":"Kid","uuid-name":"k","row":{"name":"$n"}}`,
			`{"op":"update","table":"Root","where":[["name","==","$r"]],"row":{"kids":["set",[]]}}`,
		}[rng.IntN(7)])
	}
	for range 60 {
		var pending []*Submission
		for range 1 + rng.IntN(6) {
			pending = append(pending, db.Submit(t.Context(), Client{}, rawOps(change())))
		}
		for _, p := range pending {
			p.Result()
		}
		check()
	}
	transact(db, `{"op":"update","table":"Root","where":[],"row":{"eph":""}}`) // which does not outlive the database
	before := check()
	db.Close()
	db = openDB(t, cfg)
	for id, v := range check() {
		if before[id] != v {
			t.Errorf("row %s had version %s, and has %s once it is read anew", id, before[id], v)
		}
	}
}

// What a version costs does not depend on how many columns a table has.
func TestVersionAllocs(t *testing.T) {
	db := openDB(t, testConfig(testEtcd(t)))
	transact(db, `{"op":"insert","table":"Root","row":{"name":"a","i":1,"s":"x","b":true}}`)
	table := db.layout.byName["Root"]
	for row := range db.Rows("Root") {
		if got := testing.AllocsPerRun(100, func() { table.version(row) }); got > 3 {
			t.Errorf("%v allocations, want 3", got)
		}
	}
}
