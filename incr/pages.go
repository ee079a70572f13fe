package incr

import "unsafe"

const (
	pageBits = 9
	pageSize = 1 << pageBits
	fewest   = 4 // elements that the first page has room for at first
)

// pages is an array that grows a page at a time. The first page starts small, for
// most tables have few rows, and moves as it grows: a pointer into it holds until
// the next grow or take, unless it was made whole at once.
type pages[T any] struct {
	page  []*T     // the first elements of the pages
	first uint32   // how many elements the first has room for
	n     uint32   // elements
	free  []uint32 // given back, for take
}

// at returns an element, which must have been made by grow or take.
//
// Hot path: a slice for each page would cost another load and a comparison.
func (p *pages[T]) at(i uint32) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p.page[i>>pageBits]), uintptr(i&(pageSize-1))*unsafe.Sizeof(*new(T))))
}

// whole makes the first page as large as others, so that nothing moves.
func (p *pages[T]) whole() { p.page, p.first = []*T{&make([]T, pageSize)[0]}, pageSize }

// grow adds one zero element and returns its position.
func (p *pages[T]) grow() uint32 {
	switch {
	case p.n == p.first && p.n < pageSize:
		larger := make([]T, max(fewest, 2*p.first))
		if p.n > 0 {
			copy(larger, unsafe.Slice(p.page[0], p.n))
		}
		p.page, p.first = []*T{&larger[0]}, uint32(len(larger))
	case int(p.n>>pageBits) == len(p.page):
		p.page = append(p.page, &make([]T, pageSize)[0])
	}
	p.n++
	return p.n - 1
}

// reach grows until there is an element at i.
func (p *pages[T]) reach(i uint32) {
	for p.n <= i {
		p.grow()
	}
}

// take returns the position of a zero element, one that was given back if
// there is one.
func (p *pages[T]) take() uint32 {
	if n := len(p.free); n > 0 {
		c := p.free[n-1]
		p.free = p.free[:n-1]
		return c
	}
	return p.grow()
}

// give takes an element back, for take.
func (p *pages[T]) give(i uint32) {
	var zero T
	*p.at(i) = zero
	p.free = append(p.free, i)
}
