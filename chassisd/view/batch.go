package view

// Event is the last value of a key.
type Event struct {
	// Value is nil where the key is gone.
	Value []byte
	// Rev is the revision that wrote the value.
	Rev int64
	// Created is the revision that made the key, 0 where it is gone.
	Created int64
}

// Batch is what changed since the last batch that was received.
type Batch struct {
	// Events by key, the key in full ("/weft/sb/…").
	Events map[string]Event
	// Chassis is the revision up to which the chassis' keys are told.
	Chassis int64
	// ChassisEvents tells that there is a key of a chassis among the events.
	ChassisEvents bool
}

// merge lays newer over older.
func merge(older, newer *Batch) *Batch {
	if older == nil {
		return newer
	}
	for k, e := range newer.Events {
		older.Events[k] = e
	}
	older.Chassis = max(older.Chassis, newer.Chassis)
	older.ChassisEvents = older.ChassisEvents || newer.ChassisEvents
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
