package store

import (
	"iter"
	"math/bits"
	"slices"

	"github.com/weft-sdn/weft/schema"
)

// trie is a persistent map from UUIDs to V: copying the struct makes a
// snapshot that later changes through another edit do not touch. Iteration is
// in the order of the keys. A key costs one level per four bits until it is
// alone: five levels for a million random keys.
//
// Tries are what makes a database state a value here: a failed transaction or
// a refused batch is undone by forgetting the new root, and readers walk a
// committed root without a lock.
type trie[V any] struct {
	root *trieNode[V]
	n    int
}

// edit owns the nodes that it made, so that one transaction copies a node once
// and changes it in place afterwards.
type edit struct{ _ byte }

type trieNode[V any] struct {
	owner  *edit
	leaf   uint16 // bit s: slot s holds a leaf
	inner  uint16 // bit s: slot s holds a node
	leaves []trieLeaf[V]
	nodes  []*trieNode[V]
}

type trieLeaf[V any] struct {
	key schema.UUID
	val V
}

// nibble returns the slot of key at the given depth.
func nibble(key *schema.UUID, depth int) uint {
	b := key[depth/2]
	if depth%2 == 0 {
		return uint(b >> 4)
	}
	return uint(b & 15)
}

func slotIndex(mask uint16, slot uint) int { return bits.OnesCount16(mask & (1<<slot - 1)) }

// get returns the value of key.
//
// Hot path: no allocation.
func (t *trie[V]) get(key schema.UUID) (v V, ok bool) {
	n := t.root
	for depth := 0; n != nil; depth++ {
		s := nibble(&key, depth)
		if n.leaf&(1<<s) != 0 {
			l := &n.leaves[slotIndex(n.leaf, s)]
			if l.key == key {
				return l.val, true
			}
			return v, false
		}
		if n.inner&(1<<s) == 0 {
			return v, false
		}
		n = n.nodes[slotIndex(n.inner, s)]
	}
	return v, false
}

// set puts v under key.
func (t *trie[V]) set(e *edit, key schema.UUID, v V) {
	if t.root == nil {
		t.root = &trieNode[V]{owner: e}
	}
	t.root = t.root.own(e)
	for n, depth := t.root, 0; ; depth++ {
		s := nibble(&key, depth)
		bit := uint16(1) << s
		switch {
		case n.inner&bit != 0:
			i := slotIndex(n.inner, s)
			n.nodes[i] = n.nodes[i].own(e)
			n = n.nodes[i]
		case n.leaf&bit == 0:
			i := slotIndex(n.leaf, s)
			n.leaves = slices.Insert(n.leaves, i, trieLeaf[V]{key, v})
			n.leaf |= bit
			t.n++
			return
		default:
			i := slotIndex(n.leaf, s)
			if n.leaves[i].key == key {
				n.leaves[i].val = v
				return
			}
			n = n.split(e, s, depth+1)
		}
	}
}

// split moves the leaf in slot s down into a node of its own, at depth.
func (n *trieNode[V]) split(e *edit, s uint, depth int) *trieNode[V] {
	i := slotIndex(n.leaf, s)
	l := n.leaves[i]
	n.leaves = slices.Delete(n.leaves, i, i+1)
	n.leaf &^= 1 << s
	child := &trieNode[V]{owner: e, leaf: 1 << nibble(&l.key, depth), leaves: []trieLeaf[V]{l}}
	n.nodes = slices.Insert(n.nodes, slotIndex(n.inner, s), child)
	n.inner |= 1 << s
	return child
}

// delete removes key and tells whether it was there.
func (t *trie[V]) delete(e *edit, key schema.UUID) bool {
	if _, ok := t.get(key); !ok {
		return false
	}
	t.root = t.root.own(e).remove(e, key, 0)
	t.n--
	return true
}

// remove takes key, which is there, out of an owned node; nil if that leaves
// nothing.
func (n *trieNode[V]) remove(e *edit, key schema.UUID, depth int) *trieNode[V] {
	s := nibble(&key, depth)
	bit := uint16(1) << s
	if n.leaf&bit != 0 {
		i := slotIndex(n.leaf, s)
		n.leaves = slices.Delete(n.leaves, i, i+1)
		n.leaf &^= bit
	} else {
		i := slotIndex(n.inner, s)
		child := n.nodes[i].own(e).remove(e, key, depth+1)
		switch {
		case child == nil:
			n.dropNode(i, bit)
		case child.inner == 0 && len(child.leaves) == 1:
			n.dropNode(i, bit)
			n.leaves = slices.Insert(n.leaves, slotIndex(n.leaf, s), child.leaves[0])
			n.leaf |= bit
		default:
			n.nodes[i] = child
		}
	}
	if n.leaf|n.inner == 0 {
		return nil
	}
	return n
}

func (n *trieNode[V]) dropNode(i int, bit uint16) {
	n.nodes = slices.Delete(n.nodes, i, i+1)
	n.inner &^= bit
}

// own returns n itself if e made it, else a copy that e owns.
func (n *trieNode[V]) own(e *edit) *trieNode[V] {
	if n.owner == e {
		return n
	}
	c := *n
	c.owner = e
	// Room for one more, because a copy is mostly made to insert.
	c.leaves = append(make([]trieLeaf[V], 0, len(n.leaves)+1), n.leaves...)
	c.nodes = slices.Clone(n.nodes)
	return &c
}

// all iterates in the order of the keys.
func (t *trie[V]) all() iter.Seq2[schema.UUID, V] {
	root := t.root
	return func(yield func(schema.UUID, V) bool) {
		if root != nil {
			root.walk(yield)
		}
	}
}

// under iterates over the keys whose first nibbles, four bits each, are those of
// prefix, in their order.
func (t *trie[V]) under(prefix schema.UUID, nibbles int) iter.Seq2[schema.UUID, V] {
	root := t.root
	return func(yield func(schema.UUID, V) bool) {
		n := root
		for depth := 0; n != nil && depth < nibbles; depth++ {
			s := nibble(&prefix, depth)
			if n.leaf&(1<<s) != 0 {
				if l := &n.leaves[slotIndex(n.leaf, s)]; sameNibbles(&l.key, &prefix, nibbles) {
					yield(l.key, l.val)
				}
				return
			}
			if n.inner&(1<<s) == 0 {
				return
			}
			n = n.nodes[slotIndex(n.inner, s)]
		}
		if n != nil {
			n.walk(yield)
		}
	}
}

// sameNibbles compares the first so many nibbles.
func sameNibbles(a, b *schema.UUID, nibbles int) bool {
	for i := range nibbles {
		if nibble(a, i) != nibble(b, i) {
			return false
		}
	}
	return true
}

func (n *trieNode[V]) walk(yield func(schema.UUID, V) bool) bool {
	leaf, node := 0, 0
	for s := uint(0); s < 16; s++ {
		switch bit := uint16(1) << s; {
		case n.leaf&bit != 0:
			l := &n.leaves[leaf]
			if !yield(l.key, l.val) {
				return false
			}
			leaf++
		case n.inner&bit != 0:
			if !n.nodes[node].walk(yield) {
				return false
			}
			node++
		}
	}
	return true
}
