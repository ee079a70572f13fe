package tables

import (
	"hash/fnv"
	"slices"
	"sync"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// conjunctions gives out ids of conjunctions: to each flow of each unit on
// each datapath a run of ids that no other has. Where a run begins comes from
// the flow's name, so that an agent started again gives the same ids and finds
// its flows in the switch as it left them; only where two names meet does the
// later go on to the next free run.
type conjunctions struct {
	size uint32 // blocks that there are

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

func newConjunctions(size uint32) *conjunctions {
	return &conjunctions{size: size, blocks: map[uint32]conjKey{}, runs: map[conjKey]conjRun{}, units: map[SharedUnit][]conjKey{}}
}

// conjUnit gives out the ids of one unit, each time that it is lowered.
type conjUnit struct {
	c     *conjunctions
	unit  SharedUnit
	taken map[conjKey]bool
}

func (c *conjunctions) unit(u SharedUnit) *conjUnit { return &conjUnit{c: c, unit: u} }

// take returns the first of n ids for a flow; datapath is zero where it is for
// all of a group.
func (u *conjUnit) take(f *sb.Flow, datapath schema.UUID, n int) uint32 {
	h := fnv.New64a()
	h.Write([]byte{f.Pipeline, f.Table, byte(f.Priority >> 8), byte(f.Priority)})
	h.Write([]byte(f.Match))
	h.Write(datapath[:])
	flow := h.Sum64()
	h.Write(u.unit.Path.Owner[:])
	h.Write([]byte(u.unit.Path.Unit))
	k := conjKey{u.unit, flow}
	if u.taken == nil {
		u.taken = map[conjKey]bool{}
	}
	u.taken[k] = true
	return u.c.take(k, uint32(h.Sum64()), uint32((n+blockSize-1)/blockSize))
}

// done takes back the ids of the unit's flows that took none this time: they
// are gone. Without it a unit that changes for ever would grow for ever.
func (u *conjUnit) done() { u.c.keep(u.unit, u.taken) }

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
	first := start % c.size
	for !c.isFreeLocked(first, n) {
		first = (first + 1) % c.size
	}
	for b := range n {
		c.blocks[first+b] = k
	}
	c.runs[k] = conjRun{first, n}
	return 1 + first*blockSize
}

func (c *conjunctions) isFreeLocked(first, n uint32) bool {
	if first+n > c.size {
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
func (c *conjunctions) release(u SharedUnit) { c.keep(u, nil) }

// keep takes back the ids of a unit's flows but those in taken.
func (c *conjunctions) keep(u SharedUnit, taken map[conjKey]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := slices.DeleteFunc(c.units[u], func(k conjKey) bool {
		if !taken[k] {
			c.freeLocked(k)
		}
		return !taken[k]
	})
	if len(keys) > 0 {
		c.units[u] = keys
	} else {
		delete(c.units, u)
	}
}

// Release takes back what was given to a unit that is gone.
func (t *Tables) Release(u SharedUnit) { t.conj.release(u) }
