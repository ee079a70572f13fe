package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
)

// formRows is what the fixtures hold: rows with small and large sets and maps,
// and keys that need care.
func formRows() string {
	id := func(what string, i int) string {
		return schema.NameUUID(what, strconv.Itoa(i)).String()
	}
	var ops, kids, weak, pairs []string
	for i := range 75 {
		ops = append(ops, fmt.Sprintf(`{"op":"insert","table":"Kid","uuid":"%s","row":{"name":"k%d"}}`, id("kid", i), i))
		kids = append(kids, fmt.Sprintf(`["uuid","%s"]`, id("kid", i)))
	}
	for i := range 150 {
		pairs = append(pairs, fmt.Sprintf(`["10.0.%d.%d",%d]`, i/100, i, i))
	}
	for i, key := range []string{"", " ", "a/b", "%", "%41", "ü", "+", "+0", "line\\nbreak", strings.Repeat("long ", 60)} {
		pairs = append(pairs, fmt.Sprintf(`["%s",%d]`, key, i))
	}
	for i := range 3 {
		weak = append(weak, fmt.Sprintf(`["uuid","%s"]`, id("root", i)))
	}
	ops = append(ops,
		fmt.Sprintf(`{"op":"insert","table":"Root","uuid":"%s","row":{"name":"large","i":1,"kids":["set",[%s]],"mi":["map",[%s]]}}`,
			id("root", 0), strings.Join(kids, ","), strings.Join(pairs, ",")),
		fmt.Sprintf(`{"op":"insert","table":"Root","uuid":"%s","row":{"name":"small","i":2,"en":"a","ints":["set",[3,4]],"weak":["set",[%s]],"mi":["map",[["x",1]]]}}`,
			id("root", 1), strings.Join(weak, ",")),
		fmt.Sprintf(`{"op":"insert","table":"Root","uuid":"%s","row":{"name":"none","i":3,"m":["map",[["a","b"]]]}}`, id("root", 2)))
	return strings.Join(ops, ",")
}

// allRows is everything that a database holds, without versions.
func allRows(db *DB) string {
	var out []string
	for _, table := range []string{"Root", "Kid"} {
		out = append(out, canonical(transact(db, `{"op":"select","table":"`+table+`","where":[]}`)))
	}
	return strings.Join(out, "\n")
}

// dump is what lies below the prefix, a line for each key.
func dump(t *testing.T, c *clientv3.Client) []string {
	t.Helper()
	r, err := c.Get(t.Context(), "/weft/t/", clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, kv := range r.Kvs {
		lines = append(lines, string(kv.Key)+"\t"+showBucket(string(kv.Value)))
	}
	return lines
}

func formFixture(form int) string { return fmt.Sprintf("testdata/form%d.txt", form) }

func readFixture(t *testing.T, form int) []string {
	t.Helper()
	data, err := os.ReadFile(formFixture(form))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// putLines writes what dump gave.
func putLines(t *testing.T, c *clientv3.Client, lines []string) {
	t.Helper()
	for part := range slices.Chunk(lines, 100) {
		var kvs []string
		for _, line := range part {
			key, value, _ := strings.Cut(line, "\t")
			kvs = append(kvs, key, readBucket(value))
		}
		put(t, c, kvs...)
	}
}

// TestCurrentForm: what this program stores is what the fixture of its form
// holds. Who sees this fail changes the form: that needs a new number, a new
// fixture beside the old ones (UPDATE=1 writes it), and a way forward.
func TestCurrentForm(t *testing.T) {
	c := testEtcd(t)
	db := openDB(t, testConfig(c))
	if err := db.CarryForward(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	if r := transact(db, formRows()); strings.Contains(r, "error") {
		t.Fatal(r)
	}
	got := dump(t, c)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(formFixture(schema.CurrentForm), []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := readFixture(t, schema.CurrentForm); !slices.Equal(got, want) {
		t.Errorf("another form:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestOldForms: what a program of any form stored is served, is carried forward
// to what this one stores, and is then the same.
func TestOldForms(t *testing.T) {
	fresh := openDB(t, testConfig(testEtcd(t)))
	transact(fresh, formRows())
	want := allRows(fresh)
	for form := 1; form <= schema.CurrentForm; form++ {
		t.Run(strconv.Itoa(form), func(t *testing.T) {
			c := testEtcd(t)
			putLines(t, c, readFixture(t, form))
			db := openDB(t, testConfig(c))
			if got := allRows(db); got != want || len(db.Problems()) > 0 {
				t.Fatalf("before: %s\nproblems %v\nwant %s", got, db.Problems(), want)
			}
			if err := db.CarryForward(t.Context(), "test"); err != nil {
				t.Fatal(err)
			}
			if got := dump(t, c); !slices.Equal(got, readFixture(t, schema.CurrentForm)) {
				t.Errorf("carried forward it is\n%s", strings.Join(got, "\n"))
			}
			again := openDB(t, testConfig(c))
			for _, db := range []*DB{db, again} {
				if got := allRows(db); got != want || len(db.Problems()) > 0 {
					t.Errorf("after: %s\nproblems %v\nwant %s", got, db.Problems(), want)
				}
			}
		})
	}
}

// TestNewerForm: a database of a later program is not opened, and one that
// becomes one is left as it is.
func TestNewerForm(t *testing.T) {
	c := testEtcd(t)
	cfg := testConfig(c)
	cfg.CommitTimeout = 300 * time.Millisecond
	db := openDB(t, cfg)
	if err := db.CarryForward(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	transact(db, formRows())
	want := allRows(db)
	newer := string(schema.Form{Form: schema.CurrentForm + 1, By: "v9"}.Encode())
	put(t, c, "/weft/t/form", newer, "/weft/t/Root/"+schema.NameUUID("root", "0").String(), "of a later program")
	if _, err := Open(t.Context(), cfg); !errors.Is(err, schema.ErrForm) || !strings.Contains(err.Error(), "v9") {
		t.Errorf("opened: %v", err)
	}
	if _, err := CheckForm(t.Context(), c, "/weft/t/"); !errors.Is(err, schema.ErrForm) {
		t.Errorf("checked: %v", err)
	}
	if got := allRows(db); got != want {
		t.Errorf("the open database is now %s", got)
	}
	// Its watch tells it soon; until then only the guard, that of the leader's
	// term, would keep it from writing. It is not written again from then on.
	write := func() bool {
		return !strings.Contains(transact(db, `{"op":"insert","table":"Wmap","row":{}}`), "error")
	}
	for deadline := time.Now().Add(20 * time.Second); write(); {
		if time.Now().After(deadline) {
			t.Fatal("it writes on")
		}
	}
	if write() {
		t.Error("it writes again")
	}
	if r, err := c.Get(t.Context(), "/weft/t/form"); err != nil || string(r.Kvs[0].Value) != newer {
		t.Errorf("the form is %v, %v", r, err)
	}
}
