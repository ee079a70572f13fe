package store

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// queue is requests in the order in which they came.
type queue []*request

func byTurn(a, b *request) int { return cmp.Compare(a.turn, b.turn) }

func (q *queue) add(r *request) {
	i, _ := slices.BinarySearchFunc(*q, r, byTurn)
	*q = slices.Insert(*q, i, r)
}

// remove tells whether the request was there.
func (q *queue) remove(r *request) bool {
	i, ok := slices.BinarySearchFunc(*q, r, byTurn)
	if ok {
		*q = slices.Delete(*q, i, i+1)
	}
	return ok
}

// dues are requests that have a time until which something must have happened,
// the earliest first: a heap.
type dues []*request

func (d *dues) add(r *request, due time.Time) {
	r.due = due
	heap.Push((*dueHeap)(d), r)
}

// remove forgets a request, if it is there.
func (d *dues) remove(r *request) {
	if r.place < len(*d) && (*d)[r.place] == r {
		heap.Remove((*dueHeap)(d), r.place)
	}
}

// dueHeap implements heap.Interface for dues.
type dueHeap []*request

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *dueHeap) Push(r any) {
	r.(*request).place = len(*h)
	*h = append(*h, r.(*request))
}

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	r := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return r
}
