package chassisd

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

const (
	flowPrefix  = sb.Prefix + sb.FlowsPath
	compiledKey = sb.Prefix + sb.CompiledPath
)

// decoder puts what the view tells into the inputs of the tables.
type decoder struct {
	t *tables.Tables
	// compiled is what the southbound keys were compiled from.
	compiled  sb.Compiled
	viewed    bool  // a complete state is there
	resetting bool  // one is being taken
	rev       int64 // of the chassis' keys that are there
	// bad are the keys that could not be understood: those rows are left out.
	bad map[string]string
}

func newDecoder(t *tables.Tables) *decoder { return &decoder{t: t, bad: map[string]string{}} }

// take takes what the view tells.
func (d *decoder) take(b *view.Batch) {
	if b.Reset {
		d.resetting = true
		d.compiled = sb.Compiled{}
		clear(d.bad)
		d.t.Feeds.Reset()
	}
	d.drop(b.Dropped)
	for dp, on := range b.Followed {
		if on {
			d.t.Follow(dp)
		} else {
			d.t.Unfollow(dp)
		}
	}
	for _, there := range []bool{false, true} {
		for key, e := range b.Events {
			if (e.Value != nil) == there {
				d.apply(key, e)
			}
		}
	}
	if b.More {
		return
	}
	if d.resetting {
		d.resetting, d.rev = false, 0 // it may be another history
		d.t.Feeds.EndReset()
	}
	d.t.Feeds.Rest()
	d.viewed, d.rev = true, max(d.rev, b.Chassis)
}

// drop forgets the flows of datapaths and groups.
func (d *decoder) drop(owners map[schema.UUID]bool) {
	if len(owners) == 0 {
		return
	}
	d.t.Feeds.DropFlows(owners)
	maps.DeleteFunc(d.bad, func(key, _ string) bool {
		owner, ok := view.OwnerOf(key)
		return ok && owners[owner]
	})
}

// apply takes one key.
func (d *decoder) apply(key string, e view.Event) {
	var err error
	if key == compiledKey {
		err = d.setCompiled(e)
	} else {
		err = d.t.Feeds.Apply(key, tables.Event(e))
	}
	if err != nil {
		d.bad[key] = err.Error()
	} else {
		delete(d.bad, key)
	}
}

func (d *decoder) setCompiled(e view.Event) error {
	var c sb.Compiled
	if e.Value != nil {
		if err := json.Unmarshal(e.Value, &c); err != nil {
			return err
		}
	}
	d.compiled = c
	return nil
}

// problems lists the keys that could not be understood.
func (d *decoder) problems() (out []string) {
	for _, k := range slices.Sorted(maps.Keys(d.bad)) {
		out = append(out, fmt.Sprintf("key %s: %s", k, d.bad[k]))
	}
	return out
}
