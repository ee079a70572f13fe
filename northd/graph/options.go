package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// Option is a key of a map column that some feature reads.
type Option[T any] struct {
	decl  Declaration
	value T // where the key is absent or has a bad value
	parse func(string) (T, error)
}

// Declaration describes an option for manuals.
type Declaration struct {
	Table, Column, Key string
	Type               string // of its value, with the range
	Default            string
	Doc                string // one line
}

// Of returns the option's value in a map, or its default.
func (o *Option[T]) Of(m map[string]string) T {
	v, _ := o.read(m)
	return v
}

// Read is Of that also notes a bad value.
func (o *Option[T]) Read(m map[string]string, p *RowProblems) T {
	v, err := o.read(m)
	if err != nil {
		p.Problem(o.decl.Column, fmt.Sprintf("%s: %q is %s", o.decl.Key, m[o.decl.Key], err))
	}
	return v
}

// Key is the option's name.
func (o *Option[T]) Key() string { return o.decl.Key }

// Set tells whether the key is there.
func (o *Option[T]) Set(m map[string]string) bool {
	_, ok := m[o.decl.Key]
	return ok
}

func (o *Option[T]) read(m map[string]string) (T, error) {
	text, ok := m[o.decl.Key]
	if !ok {
		return o.value, nil
	}
	v, err := o.parse(text)
	if err != nil {
		return o.value, err
	}
	return v, nil
}

func newOption[R schema.Row, T any](g *Graph, column, key, kind string, value T, fallback, doc string, parse func(string) (T, error)) *Option[T] {
	t, db := tableOf[R](g)
	if t.Column(column) == nil {
		panic("graph: " + t.Name + " has no column " + column)
	}
	o := &Option[T]{Declaration{t.Name, column, key, kind, fallback, doc}, value, parse}
	g.options = append(g.options, o.decl)
	if db == northbound {
		g.unread.readsKey(t, column, key)
	}
	return o
}

// Bool declares an option that is "true" or "false", in letters of any case.
func Bool[R schema.Row](g *Graph, column, key string, value bool, doc string) *Option[bool] {
	return newOption[R](g, column, key, "true or false", value, strconv.FormatBool(value), doc, func(s string) (bool, error) {
		switch {
		case strings.EqualFold(s, "true"):
			return true, nil
		case strings.EqualFold(s, "false"):
			return false, nil
		}
		return false, fmt.Errorf("neither true nor false")
	})
}

// Int declares an option that is a number from lo to hi. Without a value it is
// the one given here, which need not be in the range: fallback says what that
// means.
func Int[R schema.Row](g *Graph, column, key string, value, lo, hi int, fallback, doc string) *Option[int] {
	kind := fmt.Sprintf("%d to %d", lo, hi)
	return newOption[R](g, column, key, kind, value, cmp.Or(fallback, strconv.Itoa(value)), doc, func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < lo || n > hi {
			return 0, fmt.Errorf("not a number from %d to %d", lo, hi)
		}
		return n, nil
	})
}

// String declares an option of any text; kind says what it is.
func String[R schema.Row](g *Graph, column, key, kind, doc string) *Option[string] {
	return newOption[R](g, column, key, kind, "", "", doc, func(s string) (string, error) { return s, nil })
}

// Options returns all declared options, by table, column and key, each once.
func (g *Graph) Options() []Declaration {
	all := slices.Clone(g.options)
	slices.SortStableFunc(all, func(a, b Declaration) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Key, b.Key))
	})
	return slices.CompactFunc(all, func(a, b Declaration) bool {
		return a.Table == b.Table && a.Column == b.Column && a.Key == b.Key
	})
}
