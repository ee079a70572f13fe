package incr

const (
	pageBits = 9
	pageSize = 1 << pageBits
)

// pages is an array that grows without moving what it holds.
type pages[T any] struct {
	page []*[pageSize]T
	n    uint32
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
