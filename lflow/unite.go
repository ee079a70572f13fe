package lflow

import "slices"

// maxUnite is the number of Conjs up to which all pairs are compared.
const maxUnite = 256

// unite makes an OR smaller: it drops Conjs that others contain and merges
// those that differ in one field only.
func (n *normalizer) unite(nf Normal) (Normal, *Error) {
	if len(nf) < 2 || len(nf) > maxUnite {
		return nf, nil
	}
	for changed := true; changed; {
		changed = false
		for i := 0; i < len(nf); i++ {
			for j := i + 1; j < len(nf); j++ {
				switch {
				case containsConj(nf[i], nf[j]):
				case containsConj(nf[j], nf[i]):
					nf[i] = nf[j]
				default:
					at := differ(nf[i], nf[j])
					if at < 0 {
						continue
					}
					c := slices.Clone(nf[i])
					c[at] = union(c[at], nf[j][at])
					if err := n.spend(c[at].size()); err != nil {
						return nil, err
					}
					nf[i] = c
				}
				nf = slices.Delete(nf, j, j+1)
				j--
				changed = true
			}
		}
	}
	return nf, nil
}

// containsConj tells whether b implies a.
func containsConj(a, b Conj) bool {
	for i := range a {
		j := slices.IndexFunc(b, func(c Clause) bool { return c.Sym == a[i].Sym })
		if j < 0 || !containsClause(&a[i], &b[j]) {
			return false
		}
	}
	return true
}

// containsClause tells whether each alternative of b is within one of a.
func containsClause(a, b *Clause) bool {
	if len(a.Terms)*len(b.Terms) > 1<<12 || len(a.Names)*len(b.Names) > 1<<12 {
		return equalClauses(a, b)
	}
	for _, t := range b.Terms {
		if !slices.ContainsFunc(a.Terms, func(u Term) bool { return u.contains(t) }) {
			return false
		}
	}
	for _, p := range b.Names {
		if !slices.Contains(a.Names, p) {
			return false
		}
	}
	return true
}

// differ returns the position of the only clause in which two Conjs over the
// same fields differ, -1 if there is no such position.
func differ(a, b Conj) int {
	if len(a) != len(b) {
		return -1
	}
	at := -1
	for i := range a {
		if a[i].Sym != b[i].Sym {
			return -1
		}
		if equalClauses(&a[i], &b[i]) {
			continue
		}
		if at >= 0 {
			return -1
		}
		at = i
	}
	return at
}

// equalClauses compares what two clauses for the same field allow.
func equalClauses(a, b *Clause) bool {
	return slices.Equal(a.Terms, b.Terms) && slices.Equal(a.Names, b.Names)
}

func union(a, b Clause) Clause {
	names := slices.Concat(a.Names, b.Names)
	slices.Sort(names)
	return Clause{Sym: a.Sym, Terms: prune(slices.Concat(a.Terms, b.Terms), a.Sym.Width), Names: slices.Compact(names)}
}
