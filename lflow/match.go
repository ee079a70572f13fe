package lflow

import (
	"cmp"
	"slices"
)

// FieldTerm is what one field must be. For a string field Value is what names
// the port, see Matches, and Mask is 64 ones.
type FieldTerm struct {
	Sym *Symbol
	Term
}

// ClauseRef makes a match one alternative in dimension Clause (from 0) of N
// of conjunction ID.
type ClauseRef struct {
	ID        uint32
	Clause, N uint8
}

// FlowMatch is one match of the kind that a switch has: an AND of masked
// equalities. The flow's own actions belong to the matches without Clauses;
// those with Clauses only contribute to conjunctions.
type FlowMatch struct {
	Terms []FieldTerm // in the order of the symbol table
	// ConjID, if not 0, must be what a conjunction has come to.
	ConjID  uint32
	Clauses []ClauseRef
	// Set, if not nil, makes this one match for each member of an address set
	// that is kept apart: Set.Term gives what stands there beside Terms.
	Set *SetField
}

// Matches returns the flow matches that together are the normal form.
// Conjunctions get the ids from firstID on, and used is their number. Where a
// cross product is no larger than the sum of its factors there is none. port
// returns the number by which the caller knows a port that a field is compared
// with; an unknown port matches nothing.
func (nf Normal) Matches(port func(s *Symbol, name string) (key uint64, ok bool), firstID uint32) (ms []FlowMatch, used int, err error) {
	return new(Arena).Matches(nf, port, firstID)
}

// Matches is Normal.Matches.
func (a *Arena) Matches(nf Normal, port func(s *Symbol, name string) (key uint64, ok bool), firstID uint32) (ms []FlowMatch, used int, err error) {
	b := matchBuilder{Arena: a, port: port, id: firstID}
	for _, c := range nf {
		if err := b.add(c); err != nil {
			return nil, 0, err
		}
	}
	if len(nf) > 1 || b.used > 0 {
		b.tidy()
	}
	return b.out, b.used, nil
}

type matchBuilder struct {
	*Arena
	port func(*Symbol, string) (uint64, bool)
	id   uint32
	used int
	out  []FlowMatch
	dims []dim // of the Conj at hand
}

// dim is a clause with its ports resolved.
type dim struct {
	sym   *Symbol
	terms []Term
	sets  []string
	apart bool // is a dimension of the conjunction
}

// setWeight is how many alternatives a set that is kept apart counts for,
// whatever its size: enough for a conjunction wherever another field has two.
const setWeight = 64

// add appends the matches of one Conj.
func (b *matchBuilder) add(c Conj) *Error {
	b.dims = b.Arena.dims.cut(len(c))[:0]
	product, sum, apart, sets := 1, 1, 0, 0
	for i := range c {
		d := dim{sym: c[i].Sym, terms: c[i].Terms}
		if d.sym.IsString() {
			d.terms = b.resolve(d.sym, c[i].Names)
		} else {
			d.sets = c[i].Names
		}
		sets += len(d.sets)
		n := len(d.terms) + setWeight*len(d.sets)
		if n == 0 {
			return nil
		}
		if n > 1 && !d.sym.Cross {
			d.apart = true
			apart++
			sum += n
			product = min(product*n, MaxTerms+1)
		}
		b.dims = append(b.dims, d)
	}
	if sets > 0 && apart > 64 {
		return tooLarge() // sets cannot be multiplied
	}
	conjunctive := apart > 1 && apart <= 64 && product > sum
	total := sum
	if !conjunctive {
		total = product
		for i := range b.dims {
			b.dims[i].apart = false
		}
	}
	for _, d := range b.dims {
		if d.sym.Cross {
			total = min(total*len(d.terms), MaxTerms+1)
		}
	}
	if total+len(b.out) > MaxTerms {
		return tooLarge()
	}
	if b.out == nil {
		b.out = b.matches.cut(total)[:0]
	}
	b.out = slices.Grow(b.out, total)
	b.fields.room(total * len(b.dims))
	if conjunctive {
		b.conjunction(uint8(apart))
	} else {
		b.product(FlowMatch{}, -1, nil)
	}
	return nil
}

// portBits is the width of what names a port in a FieldTerm.
const portBits = 64

// resolve returns the keys of the known ports.
func (b *matchBuilder) resolve(s *Symbol, ports []string) []Term {
	ts := b.terms.cut(len(ports))[:0]
	for _, name := range ports {
		if key, ok := b.port(s, name); ok {
			ts = append(ts, Term{U(key), Ones(portBits)})
		}
	}
	return prune(ts, portBits)
}

// conjunction emits the conj_id match and one for each alternative.
func (b *matchBuilder) conjunction(n uint8) {
	id := b.id
	b.id++
	b.used++
	b.product(FlowMatch{ConjID: id}, -1, nil)
	clause := uint8(0)
	for i := range b.dims {
		if b.dims[i].apart {
			b.product(FlowMatch{Clauses: []ClauseRef{{ID: id, Clause: clause, N: n}}}, i, nil)
			clause++
		}
	}
}

// product emits m with every combination of the alternatives of the
// dimensions that do not stand apart, and of dimension i. pick holds the
// choices made so far.
func (b *matchBuilder) product(m FlowMatch, i int, pick []FieldTerm) {
	var buf [24]FieldTerm
	if pick == nil {
		pick = buf[:0]
	}
	b.choose(&m, i, 0, pick)
}

func (b *matchBuilder) choose(m *FlowMatch, i, from int, pick []FieldTerm) {
	for ; from < len(b.dims); from++ {
		d := &b.dims[from]
		if d.apart && from != i {
			continue
		}
		if d.sets != nil {
			b.chooseSet(m, i, from, pick)
			return
		}
		n := len(pick)
		pick = append(pick, FieldTerm{d.sym, d.terms[0]})
		if len(d.terms) > 1 {
			for _, t := range d.terms {
				pick[n].Term = t
				b.choose(m, i, from+1, pick)
			}
			return
		}
	}
	terms := b.fields.cut(len(pick))
	copy(terms, pick)
	b.out = append(b.out, FlowMatch{terms, m.ConjID, m.Clauses, m.Set})
}

// tidy joins the clauses of equal matches and drops clauses whose match
// stands there without: then the conjunction does not matter. It also drops
// the plain matches that a wider plain one contains, as long as there are
// few.
func (b *matchBuilder) tidy() {
	order := make([]int, len(b.out))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return compareMatch(&b.out[i], &b.out[j]) })
	drop := make([]bool, len(b.out))
	last := -1
	for _, i := range order {
		if last < 0 || compareMatch(&b.out[last], &b.out[i]) != 0 {
			last = i
			continue
		}
		drop[i] = true
		m := &b.out[last]
		if m.Clauses != nil {
			if b.out[i].Clauses == nil {
				m.Clauses = nil
			} else {
				m.Clauses = append(m.Clauses, b.out[i].Clauses...)
			}
		}
	}
	if len(b.out) <= maxUnite {
		b.dropContained(drop)
	}
	k := 0
	for i := range b.out {
		if !drop[i] {
			b.out[k] = b.out[i]
			k++
		}
	}
	clear(b.out[k:])
	b.out = b.out[:k]
}

func (b *matchBuilder) dropContained(drop []bool) {
	plain := func(i int) bool {
		return !drop[i] && b.out[i].Clauses == nil && b.out[i].ConjID == 0 && b.out[i].Set == nil
	}
	for i := range b.out {
		for j := range b.out {
			if i != j && plain(i) && plain(j) && b.out[i].contains(&b.out[j]) {
				drop[j] = true
			}
		}
	}
}

// contains tells whether all that n matches is matched by m too, both
// without conjunctions.
func (m *FlowMatch) contains(n *FlowMatch) bool {
	j := 0
	for _, t := range m.Terms {
		for j < len(n.Terms) && n.Terms[j].Sym.Index < t.Sym.Index {
			j++
		}
		if j == len(n.Terms) || n.Terms[j].Sym != t.Sym || !t.contains(n.Terms[j].Term) {
			return false
		}
	}
	return true
}

// compareMatch orders by what is matched.
func compareMatch(a, b *FlowMatch) int {
	if c := cmp.Compare(a.ConjID, b.ConjID); c != 0 {
		return c
	}
	if c := compareSets(a.Set, b.Set); c != 0 {
		return c
	}
	return slices.CompareFunc(a.Terms, b.Terms, func(t, u FieldTerm) int {
		if c := cmp.Compare(t.Sym.Index, u.Sym.Index); c != 0 {
			return c
		}
		if c := t.Mask.Cmp(u.Mask); c != 0 {
			return c
		}
		return t.Value.Cmp(u.Value)
	})
}
