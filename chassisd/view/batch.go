package view

import (
	"maps"

	"github.com/weft-sdn/weft/schema"
)

// Event is the last value of a key.
type Event struct {
	// Value is nil where the key is gone.
	Value []byte
	// Rev is the revision that wrote the value.
	Rev int64
	// Created is the revision that made the key, 0 where it is gone.
	Created int64
}

// Batch is what changed since the last batch that was received. What is not
// followed any more goes first, then come the events.
type Batch struct {
	// Reset: the batch is a complete state, or the first part of one. What is
	// not in it is gone.
	Reset bool
	// More: the next batch is more of the same state, or the first part of
	// another. Until the last part is there, it is the state at no revision.
	More bool
	// Events by key, the key in full ("/weft/sb/…").
	Events map[string]Event
	// Followed are the datapaths of which all flows are told from now on (true),
	// or none any more (false). AllDatapaths stands for every one.
	Followed map[schema.UUID]bool
	// Dropped are the datapaths and groups whose flows are to be forgotten.
	Dropped map[schema.UUID]bool
	// Chassis is the revision up to which the chassis' keys are told.
	Chassis int64
	// ChassisEvents tells that there is a key of a chassis among the events.
	ChassisEvents bool
}

// AllDatapaths is the key in Followed that stands for every datapath.
var AllDatapaths schema.UUID

func newBatch() *Batch {
	return &Batch{Events: map[string]Event{}, Followed: map[schema.UUID]bool{}, Dropped: map[schema.UUID]bool{}}
}

func (b *Batch) empty() bool {
	return !b.Reset && !b.ChassisEvents && len(b.Events)+len(b.Followed)+len(b.Dropped) == 0
}

// merge lays newer over older.
func merge(older, newer *Batch) *Batch {
	if older == nil {
		return newer
	}
	if newer.Reset {
		return newer // perhaps of another history, with older revisions
	}
	older.Chassis = max(older.Chassis, newer.Chassis)
	older.ChassisEvents = older.ChassisEvents || newer.ChassisEvents
	if len(newer.Dropped) > 0 {
		maps.DeleteFunc(older.Events, func(key string, _ Event) bool {
			owner, ok := OwnerOf(key)
			return ok && newer.Dropped[owner]
		})
	}
	maps.Copy(older.Dropped, newer.Dropped)
	maps.Copy(older.Followed, newer.Followed)
	maps.Copy(older.Events, newer.Events)
	return older
}

// State is how the view's link to etcd is.
type State struct {
	// Connected is false while etcd does not answer; Err says how.
	Connected bool
	Err       error
	// Synced is true once the first complete state was told.
	Synced bool
	// Held tells that northd is in the middle of a split change.
	Held bool
	// Revision is the newest revision known.
	Revision int64
	// Rereads counts complete readings.
	Rereads int
}
