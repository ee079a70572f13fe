package lflow

import (
	"fmt"
	"os"
	"testing"
)

// The exhaustive test builds every expression of up to four terminals over
// two 3-bit fields, a nominal one of one bit more than a prerequisite asks for,
// and two string fields, and compares what each phase makes of it on every
// assignment. The truth of an expression over all assignments is a bit set, so
// that this is quick.

const assignments = 8 * 8 * 4 * 3 * 3

type truth [(assignments + 63) / 64]uint64

func (t *truth) set(i int) { t[i/64] |= 1 << (i % 64) }

func (t truth) and(u truth) truth {
	for i := range t {
		t[i] &= u[i]
	}
	return t
}

func (t truth) or(u truth) truth {
	for i := range t {
		t[i] |= u[i]
	}
	return t
}

// assignment is a Packet of the test's own fields.
type assignment struct {
	numbers [3]uint64
	texts   [2]string
}

var exhaustiveTexts = [...]string{"a", "b", "c"} // c has no key

func assignmentOf(i int) *assignment {
	a := &assignment{}
	a.numbers[0], i = uint64(i%8), i/8
	a.numbers[1], i = uint64(i%8), i/8
	a.numbers[2], i = uint64(i%4), i/4
	a.texts[0], i = exhaustiveTexts[i%3], i/3
	a.texts[1] = exhaustiveTexts[i]
	return a
}

func (a *assignment) Number(s *Symbol) Value {
	return U(a.numbers[s.Name[1]-'0'])
}
func (a *assignment) Text(s *Symbol) string     { return a.texts[s.Name[1]-'0'] }
func (a *assignment) Resident(port string) bool { return port == "here" }

// everywhere returns the truth of f over all assignments.
func everywhere(f func(a *assignment) bool) (t truth) {
	for i := range assignments {
		if f(assignmentOf(i)) {
			t.set(i)
		}
	}
	return t
}

func exhaustiveKey(name string) (uint64, bool) {
	return uint64(name[0]), name == "a" || name == "b"
}

// exhaustive is the state of the test: a table and remembered truths.
type exhaustive struct {
	t      *testing.T
	table  *Table
	leaves map[*Expr]truth
	terms  map[FieldTerm]truth
	texts  map[string]truth // by field name and value
	all    truth
	count  int
}

func newExhaustive(t *testing.T, cross bool) *exhaustive {
	table, err := NewTable([]Definition{
		{Name: "n0", Kind: KindField, Level: Ordinal, Width: 3, Access: ReadWrite},
		{Name: "n1", Kind: KindField, Level: Ordinal, Width: 3, Access: ReadWrite, Cross: cross},
		{Name: "s0", Kind: KindField, Access: ReadWrite},
		{Name: "s1", Kind: KindField, Access: ReadWrite, Prereq: "n0[1]"},
		{Name: "b", Kind: KindPredicate, Expansion: "n0[2] || n1 == 3"},
		{Name: "n2", Kind: KindField, Level: Nominal, Width: 2},
		{Name: "is2", Kind: KindPredicate, Expansion: "n2 == {1, 2}"},
		{Name: "low", Kind: KindSubfield, Expansion: "n1[0..1]", Prereq: "is2"},
		{Name: "top", Kind: KindSubfield, Expansion: "n1[2]", Prereq: "n0[0]"},
		{Name: "p", Kind: KindPredicate, Expansion: "low == 2"},
		{Name: "q", Kind: KindPredicate, Expansion: "p || !top"},
		{Name: "r", Kind: KindPredicate, Expansion: "top && !q && (low > 0 || !b)"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &exhaustive{t: t, table: table, leaves: map[*Expr]truth{}, terms: map[FieldTerm]truth{},
		texts: map[string]truth{}, all: everywhere(func(*assignment) bool { return true })}
}

// terminals parses texts and records their truth.
func (x *exhaustive) terminals(texts ...string) (out []*Expr) {
	for _, s := range texts {
		e, err := ParseMatch(s, &Options{Symbols: x.table})
		if err != nil {
			x.t.Fatal(err)
		}
		x.leaves[e] = everywhere(func(a *assignment) bool { return Evaluate(e, a) })
		if e.Op == OpCmp && e.Sym.Level == Boolean && e.Value.IsZero() {
			x.leaves[e] = everywhere(func(a *assignment) bool { return !Evaluate(Not(e), a) })
		}
		out = append(out, e)
	}
	return out
}

// truth returns that of a tree of terminals.
func (x *exhaustive) truth(e *Expr) truth {
	if t, ok := x.leaves[e]; ok {
		return t
	}
	t := x.truth(e.Args[0])
	for _, a := range e.Args[1:] {
		if e.Op == OpAnd {
			t = t.and(x.truth(a))
		} else {
			t = t.or(x.truth(a))
		}
	}
	return t
}

// term returns the truth of one alternative of a field as a switch sees it.
func (x *exhaustive) term(t FieldTerm) truth {
	v, ok := x.terms[t]
	if !ok {
		v = everywhere(func(a *assignment) bool {
			n := U(0)
			if t.Sym.IsString() {
				key, known := exhaustiveKey(a.Text(t.Sym))
				if known {
					n = U(key)
				}
			} else {
				n = a.Number(t.Sym)
			}
			return n.And(t.Mask) == t.Value
		})
		x.terms[t] = v
	}
	return v
}

// text returns the truth of a string field having a value.
func (x *exhaustive) text(s *Symbol, value string) truth {
	v, ok := x.texts[s.Name+value]
	if !ok {
		v = everywhere(func(a *assignment) bool { return a.Text(s) == value })
		x.texts[s.Name+value] = v
	}
	return v
}

// simplified returns the truth of a simplified expression.
func (x *exhaustive) simplified(e *Expr) truth {
	switch e.Op {
	case OpConst:
		if e.IsTrue() {
			return x.all
		}
		return truth{}
	case OpCmp:
		if e.Rel != EQ {
			x.t.Fatalf("%s is not simple", e)
		}
		if e.Sym.IsString() {
			return x.text(e.Sym, e.Str)
		}
		return x.term(FieldTerm{e.Sym, Term{e.Value, e.Mask}})
	}
	t := x.simplified(e.Args[0])
	for _, a := range e.Args[1:] {
		if e.Op == OpAnd {
			t = t.and(x.simplified(a))
		} else {
			t = t.or(x.simplified(a))
		}
	}
	return t
}

func (x *exhaustive) normal(nf Normal) (t truth) {
	for _, c := range nf {
		u := x.all
		for i := range c {
			var v truth
			for _, term := range c[i].Terms {
				v = v.or(x.term(FieldTerm{c[i].Sym, term}))
			}
			for _, p := range c[i].Names {
				v = v.or(x.text(c[i].Sym, p))
			}
			u = u.and(v)
		}
		t = t.or(u)
	}
	return t
}

// flows does what a switch does with the matches.
func (x *exhaustive) flows(ms []FlowMatch) (t truth) {
	clauses := map[ClauseRef]truth{}
	match := make([]truth, len(ms))
	for i, m := range ms {
		match[i] = x.all
		for _, f := range m.Terms {
			match[i] = match[i].and(x.term(f))
		}
		for _, c := range m.Clauses {
			clauses[c] = clauses[c].or(match[i])
		}
	}
	for i, m := range ms {
		if m.Clauses != nil {
			continue
		}
		if m.ConjID != 0 {
			for c, u := range clauses {
				if c.ID == m.ConjID {
					match[i] = match[i].and(u)
				}
			}
		}
		t = t.or(match[i])
	}
	return t
}

// check compares the phases for one expression.
func (x *exhaustive) check(e *Expr) {
	x.count++
	want := x.truth(e)
	if x.count%16 == 0 { // print and parse agree
		again, err := ParseMatch(e.String(), &Options{Symbols: x.table})
		if err != nil || again.String() != e.String() {
			x.t.Fatalf("%s is read as %v (%v)", e, again, err)
		}
	}
	annotated := Annotate(e)
	resident := (&assignment{}).Resident
	s := Simplify(annotated, resident)
	if got := x.simplified(s); got != want {
		x.t.Fatalf("%s simplified to %s", e, s)
	}
	nf, err := Normalize(annotated, resident)
	if err != nil {
		x.t.Fatal(err)
	}
	if got := x.normal(nf); got != want {
		x.t.Fatalf("%s: normal form %v", e, nf)
	}
	ms, used, err := nf.Matches(func(_ *Symbol, name string) (uint64, bool) { return exhaustiveKey(name) }, 1)
	if err != nil {
		x.t.Fatal(err)
	}
	// A port without a key is matched by nothing.
	known := want
	if x.mentionsUnknown(e) {
		known = x.normal(nf.withoutUnknown())
	}
	if got := x.flows(ms); got != known {
		x.t.Fatalf("%s: %d conjunctions\n%s", e, used, describeFlows(ms))
	}
}

func (x *exhaustive) mentionsUnknown(e *Expr) bool {
	if e.Op == OpCmp {
		return e.Str == "c"
	}
	for _, a := range e.Args {
		if x.mentionsUnknown(a) {
			return true
		}
	}
	return false
}

func (nf Normal) withoutUnknown() (out Normal) {
	for _, c := range nf {
		var d Conj
		for _, cl := range c {
			var ports []string
			for _, p := range cl.Names {
				if _, ok := exhaustiveKey(p); ok {
					ports = append(ports, p)
				}
			}
			cl.Names = ports
			d = append(d, cl)
		}
		out = append(out, d)
	}
	return out
}

// trees calls f with every tree of n terminals in which && and || alternate.
func trees(n int, terminals []*Expr, f func(*Expr)) {
	if n == 1 {
		for _, t := range terminals {
			f(t)
		}
		return
	}
	for _, op := range []Op{OpAnd, OpOr} {
		nodes(op, n, terminals, nil, f)
	}
}

// nodes calls f with every node of op that has args and further arguments
// with n terminals in all.
func nodes(op Op, n int, terminals []*Expr, args []*Expr, f func(*Expr)) {
	if n == 0 {
		if len(args) > 1 {
			f(&Expr{Op: op, Args: append([]*Expr(nil), args...)})
		}
		return
	}
	for k := 1; k <= n; k++ {
		if k == n && len(args) == 0 {
			continue
		}
		if k == 1 {
			for _, t := range terminals {
				nodes(op, n-1, terminals, append(args, t), f)
			}
			continue
		}
		nodes(OpAnd+OpOr-op, k, terminals, nil, func(e *Expr) {
			nodes(op, n-k, terminals, append(args, e), f)
		})
	}
}

// allTerminals are all comparisons of the test's fields.
func allTerminals() (texts []string) {
	for _, f := range []string{"n0", "n1"} {
		for _, rel := range []Rel{EQ, NE, LT, LE, GT, GE} {
			for c := range 8 {
				texts = append(texts, f+" "+rel.String()+" "+string(rune('0'+c)))
			}
		}
		for m := 1; m < 7; m++ {
			texts = append(texts, f+" == 5/"+string(rune('0'+m)), f+" != 2/"+string(rune('0'+m)))
		}
	}
	for _, s := range exhaustiveTexts {
		texts = append(texts, `s0 == "`+s+`"`, `s1 == "`+s+`"`)
	}
	for c := range 4 {
		texts = append(texts, fmt.Sprintf("n2 == 0X%d", c), fmt.Sprintf("low > %d", c), fmt.Sprintf("low[0..1] != 0x%d", c))
	}
	texts = append(texts, "!(n0)", "!(n1[1..2])", "!low[0..1]", "!(n2[0..1])", "top", "!top", "is2[0]")
	for _, p := range []string{"b", "p", "q", "r"} {
		texts = append(texts, p, "!"+p, p+" == 0")
	}
	return append(texts, `is_chassis_resident("here")`, `!is_chassis_resident("here")`)
}

// TestExhaustive is the short form. With WEFT_EXHAUSTIVE set it takes all
// comparisons for up to three terminals, and more of them for four.
func TestExhaustive(t *testing.T) {
	few := []string{"n0 == 1", "n0 != 6", "n0 > 4", "n1 != 2", "!q", `s0 == "a"`, `s1 == "b"`}
	some := append([]string{"n0 == 5/5", "n0 != 2/6", "n0 >= 3", "n1 == 3", "n1 < 7", `s0 == "c"`, `is_chassis_resident("here")`, "n1 <= 2", "!p"}, few...)
	two, three, four := allTerminals(), append([]string{"!b", "r", "!r", "!(n1)", "is2", "low > 1"}, some...), few
	if os.Getenv("WEFT_EXHAUSTIVE") != "" {
		three, four = allTerminals(), some
	}
	for _, cross := range []bool{false, true} {
		x := newExhaustive(t, cross)
		trees(1, x.terminals(two...), x.check)
		trees(2, x.terminals(two...), x.check)
		trees(3, x.terminals(three...), x.check)
		trees(4, x.terminals(four...), x.check)
		t.Logf("%d expressions", x.count)
	}
}
