// Package incr computes with tables that stay up to date by themselves.
//
// Input tables hold rows that the program sets. A derived table is a pure
// function from one key to one value; the function reads other tables through
// a Reader, which records what it read: a row (also one that is not there), "the
// keys whose index value is X" or "the sum of those that count under X". A commit marks exactly the derived rows
// that read something changed, computes them anew in the order in which the
// tables were declared, in parallel within a table, and stops where a value is
// equal to the old one.
//
// The one rule that matters: a row function depends on nothing but what it
// reads through its Reader. Then there is no change handler to forget, and
// Engine.Check can prove it at any time by computing everything from nothing.
//
// A row function can read only tables declared earlier, so no table can say
// "reached from what is reached", and a row that holds all that is reached is
// computed as a whole each time. What recursion there is has nodes of its own: a
// Digraph, whose edges are rows, and From and To, the vertices that are reached in it
// from some, or from which some are reached. They look at what an edge that came or
// went may have changed and at no more, and what they hold is still a function of
// their input alone, not of the way there; so Check proves it as it does the rest.
//
// One goroutine owns an Engine and all of its tables. Values are immutable
// once they are in a table.
//
//	e := incr.New()
//	ports := incr.NewInput[string](e, "ports", incr.Eq[Port])
//	bySwitch := incr.NewIndex(ports, "switch", func(_ string, p Port) []string { return []string{p.Switch} })
//	count := incr.NewTable(e, "count", incr.Eq, incr.Values(bySwitch),
//		func(r *incr.Reader, sw string) (int, bool) { return len(incr.Lookup(r, bySwitch, sw)), true }).Feed()
//	ports.Set("p1", Port{Switch: "sw0"})
//	e.Commit()
//	for _, c := range count.Changes() { … c.Key, c.Old, c.New … }
//
// Imports: none
package incr
