package incr

const (
	pageBits = 9
	pageSize = 1 << pageBits
)

// pages is an array that grows without moving what it holds.
type pages[T any] struct {
	page []*[pageSize]T
	n    uint32
	free []uint32 // given back, for take
}

func (p *pages[T]) at(i uint32) *T { return &p.page[i>>pageBits][i&(pageSize-1)] }

// grow adds one zero element and returns its position.
func (p *pages[T]) grow() uint32 {
	if int(p.n>>pageBits) == len(p.page) {
		p.page = append(p.page, new([pageSize]T))
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
