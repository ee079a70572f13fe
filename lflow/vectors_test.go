package lflow

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vector is one line of a file of language vectors.
type vector struct {
	In      string          `json:"in"`
	Out     json.RawMessage `json:"out"`
	Error   bool            `json:"error"`
	Formats string          `json:"formats"`
	Encodes string          `json:"encodes"`
	Prereqs string          `json:"prereqs"`
	Group   string          `json:"group"`
}

// TestVectors runs the files of the folder that VECTORS names, by default
// ../shared/vectors beside the module, and those of testdata.
func TestVectors(t *testing.T) {
	for _, dir := range vectorDirs(t) {
		files := 0
		for _, kind := range []struct {
			file  string
			check func(v *vector) error
		}{
			{"lex", checkLex}, {"expr", checkExpr}, {"annotate", checkAnnotate},
			{"simplify", checkSimplify}, {"flows", checkFlows}, {"actions", checkActions},
		} {
			if runVectors(t, filepath.Join(dir, kind.file+".jsonl"), kind.check) {
				files++
			}
		}
		if files == 0 {
			t.Errorf("no vectors in %s", dir)
		}
	}
}

func vectorDirs(t *testing.T) []string {
	dirs := []string{"testdata/vectors"}
	if dir := os.Getenv("VECTORS"); dir != "" {
		return append(dirs, dir)
	}
	dir := filepath.Join("..", "..", "shared", "vectors")
	if _, err := os.Stat(dir); err == nil {
		dirs = append(dirs, dir)
	} else if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return dirs
}

// runVectors tells whether there is such a file.
func runVectors(t *testing.T, file string, check func(*vector) error) bool {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	} else if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	passed, failed, line := 0, 0, 0
	s := bufio.NewScanner(f)
	for s.Buffer(nil, MaxLength); s.Scan(); {
		line++
		var v vector
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatalf("%s:%d: %v", file, line, err)
		}
		if err := check(&v); err != nil {
			failed++
			t.Errorf("%s:%d: %s: %v", file, line, v.In, err)
		} else {
			passed++
		}
	}
	if err := s.Err(); err != nil {
		t.Errorf("%s:%d: %v", file, line+1, err)
	}
	fmt.Printf("vectors %s passed=%d failed=%d\n", file, passed, failed)
	return true
}

// text returns the result where it is one string.
func (v *vector) text() string {
	var s string
	_ = json.Unmarshal(v.Out, &s)
	return s
}

// same compares a result with the expected one. A line of the vectors that
// was cut off behind an unclosed bracket is compared as far as it goes.
func same(got, want string) error {
	if strings.Count(want, "[") > strings.Count(want, "]") && strings.HasPrefix(got, want) {
		return nil
	}
	if got != want {
		return fmt.Errorf("got %s\nwant %s", got, want)
	}
	return nil
}

func refused(err error) error {
	var e *Error
	switch {
	case err == nil:
		return errors.New("accepted, should be refused")
	case !errors.As(err, &e):
		return fmt.Errorf("error %v has no position and code", err)
	}
	return nil
}

func checkLex(v *vector) error {
	l := lexer{src: v.In}
	var out []string
	var t token
	for l.next(&t); t.kind != tokEnd; l.next(&t) {
		out = append(out, string(t.appendTo(nil)))
	}
	return same(strings.Join(out, " "), v.text())
}

// vectorOptions are the address sets and port groups that the vectors use.
func vectorOptions() *Options {
	sets := map[string][]string{
		"set1": {"10.0.0.1", "10.0.0.2", "10.0.0.3"},
		"set2": {"::1", "::2", "::3"},
		"set3": {"00:00:00:00:00:01", "00:00:00:00:00:02", "00:00:00:00:00:03"},
		"set4": {},
	}
	groups := map[string][]string{"pg1": {"lsp1", "lsp2", "lsp3"}, "pg_empty": {}}
	return &Options{
		AddressSet: func(name string) (cs []Constant, ok bool) {
			set, ok := sets[name]
			for _, s := range set {
				c, err := ParseConstant(s)
				if err != nil {
					panic(err)
				}
				cs = append(cs, c)
			}
			return cs, ok
		},
		PortGroup: func(name string, _ *Symbol) ([]string, bool) { g, ok := groups[name]; return g, ok },
	}
}

func vectorResident(port string) bool { return port == "eth1" }

var vectorPorts = map[string]uint32{"eth0": 5, "eth1": 6, "LOCAL": 0xfffe, "lsp1": 0x11, "lsp2": 0x12, "lsp3": 0x13}

func checkExpr(v *vector) error {
	e, err := ParseMatch(v.In, vectorOptions())
	if v.Error {
		return refused(err)
	}
	if err != nil {
		return err
	}
	for _, text := range []string{e.Canonical(), e.String()} {
		again, err := ParseMatch(text, vectorOptions())
		if err != nil || again.Canonical() != e.Canonical() {
			return fmt.Errorf("printed as %s, which is read as %v (%v)", text, again, err)
		}
	}
	return same(e.Canonical(), v.text())
}

func checkAnnotate(v *vector) error {
	e, err := ParseMatch(v.In, vectorOptions())
	if v.Error {
		return refused(err)
	}
	if err != nil {
		return err
	}
	return same(Annotate(e).Canonical(), v.text())
}

func checkSimplify(v *vector) error {
	e, err := ParseMatch(v.In, vectorOptions())
	if err != nil {
		return err
	}
	return same(Simplify(Annotate(e), vectorResident).Canonical(), v.text())
}

func checkActions(v *vector) error {
	as, err := ParseActions(v.In, Place{Pipeline: Ingress, Table: 10, Tables: 35}, vectorOptions())
	if v.Error {
		return refused(err)
	}
	if err != nil {
		return err
	}
	want := v.Formats
	if want == "" {
		want = v.In
	}
	if err := same(as.String(), want); err != nil {
		return err
	}
	again, err := ParseActions(as.String(), Place{Pipeline: Ingress, Table: 10, Tables: 35}, vectorOptions())
	if err != nil || again.String() != as.String() {
		return fmt.Errorf("printed as %s, which is read as %v (%v)", as, again, err)
	}
	got := ""
	if e := as.Prerequisite(); e != nil {
		got = e.Canonical()
	}
	return same(got, v.Prereqs)
}
