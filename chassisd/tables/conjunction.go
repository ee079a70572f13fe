package tables

import (
	"hash/fnv"
	"sync"

	"github.com/weft-sdn/weft/schema/sb"
)

// conjunctions gives out ids of conjunctions: to each flow of each unit on
// each datapath a run of ids that no other has. Where a run begins comes from
// the flow's name, so that an agent started again gives the same ids and finds
// its flows in the switch as it left them; only where two names meet does the
// later go on to the next free run.
type conjunctions struct {
	mu     sync.Mutex
	blocks map[uint32]conjKey  // owner of each block of ids
	runs   map[conjKey]conjRun // where an owner's run is
	units  map[SharedUnit][]conjKey
}

// conjKey names a flow: its unit, and its text and place.
type conjKey struct {
	unit SharedUnit
	flow uint64
}

type conjRun struct{ first, n uint32 } // blocks

// blockSize is the number of ids in a block; id 0 means none.
const (
	blockSize = 16
	numBlocks = 1<<32/blockSize - 1
)

func newConjunctions() *conjunctions {
	return &conjunctions{blocks: map[uint32]conjKey{}, runs: map[conjKey]conjRun{}, units: map[SharedUnit][]conjKey{}}
}

// conjUnit gives out the ids of one unit.
type conjUnit struct {
	c    *conjunctions
	unit SharedUnit
}

func (c *conjunctions) unit(u SharedUnit) conjUnit { return conjUnit{c, u} }

// take returns the first of n ids for a flow.
func (u conjUnit) take(f *sb.Flow, n int) uint32 {
	h := fnv.New64a()
	h.Write([]byte{f.Pipeline, f.Table, byte(f.Priority >> 8), byte(f.Priority)})
	h.Write([]byte(f.Match))
	flow := h.Sum64()
	h.Write(u.unit.Datapath[:])
	h.Write(u.unit.Path.Owner[:])
	h.Write([]byte(u.unit.Path.Unit))
	return u.c.take(conjKey{u.unit, flow}, uint32(h.Sum64()), uint32((n+blockSize-1)/blockSize))
}

func (c *conjunctions) take(k conjKey, start, n uint32) uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	run, ok := c.runs[k]
	if ok && run.n >= n {
		return 1 + run.first*blockSize
	}
	if ok {
		c.freeLocked(k)
	} else {
		c.units[k.unit] = append(c.units[k.unit], k)
	}
	first := start % numBlocks
	for !c.isFreeLocked(first, n) {
		first = (first + 1) % numBlocks
	}
	for b := range n {
		c.blocks[first+b] = k
	}
	c.runs[k] = conjRun{first, n}
	return 1 + first*blockSize
}

func (c *conjunctions) isFreeLocked(first, n uint32) bool {
	if first+n > numBlocks {
		return false
	}
	for b := range n {
		if _, taken := c.blocks[first+b]; taken {
			return false
		}
	}
	return true
}

func (c *conjunctions) freeLocked(k conjKey) {
	run := c.runs[k]
	for b := range run.n {
		delete(c.blocks, run.first+b)
	}
	delete(c.runs, k)
}

// release takes back the ids of a unit that is gone.
func (c *conjunctions) release(u SharedUnit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.units[u] {
		c.freeLocked(k)
	}
	delete(c.units, u)
}

// Release takes back what was given to a unit that is gone.
func (t *Tables) Release(u SharedUnit) { t.conj.release(u) }
