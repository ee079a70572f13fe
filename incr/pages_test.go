package incr

import "testing"

// TestPages: elements stay what they are while the array grows, and a small array
// has room for few.
func TestPages(t *testing.T) {
	for _, whole := range []bool{false, true} {
		var p pages[[3]uint32]
		if whole {
			p.whole()
		}
		var first *[3]uint32
		for i := range uint32(3 * pageSize) {
			c := p.grow()
			if c != i || *p.at(c) != [3]uint32{} {
				t.Fatalf("element %d is at %d and holds %v", i, c, *p.at(c))
			}
			*p.at(c) = [3]uint32{i, i + 1, i + 2}
			if i == 0 {
				first = p.at(0)
			}
			if i == 2 && p.first > 4 != whole {
				t.Errorf("whole=%v: room for %d elements", whole, p.first)
			}
		}
		for i := range uint32(3 * pageSize) {
			if *p.at(i) != [3]uint32{i, i + 1, i + 2} {
				t.Fatalf("element %d is %v", i, *p.at(i))
			}
		}
		if (first == p.at(0)) != whole {
			t.Errorf("whole=%v: the first page has moved, or has not", whole)
		}
		p.give(7)
		if c := p.take(); c != 7 || *p.at(c) != [3]uint32{} {
			t.Errorf("an element that was given back is at %d and holds %v", c, *p.at(c))
		}
	}
}
