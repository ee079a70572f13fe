package store

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/weft-sdn/weft/schema"
)

// DB is one open database. All methods may be called from any goroutine.
type DB struct {
	cfg    Config
	layout *layout
	feed   *feed
	loop   *loop
}

// Open reads the database at one revision, checks it and keeps up with it
// until Close. ctx bounds the reading alone.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	db := &DB{cfg: cfg, layout: newLayout(cfg.Schema, cfg.Virtual, cfg.Records)}
	if err := db.start(ctx); err != nil {
		return nil, err
	}
	return db, nil
}

// Schema returns what the database is made of.
func (db *DB) Schema() *schema.Database { return db.cfg.Schema }

// Transact executes the operations of an RFC 7047 transaction, and waits until
// etcd has accepted what they changed. results has an element for each
// operation, and one more if the transaction as a whole was refused; rev is
// the etcd revision that holds the change, 0 if there is none. When Transact
// returns, the commit is in the queue of every subscription. A transaction
// that waits does so until its timeout or until ctx ends.
func (db *DB) Transact(ctx context.Context, c Client, ops []json.RawMessage) (results []json.RawMessage, rev int64) {
	return db.Submit(ctx, c, ops).Result()
}

// Write changes many rows at once on behalf of this process. It returns the
// etcd revision of the last transaction that it took, 0 if nothing changed.
func (db *DB) Write(ctx context.Context, w Write) (rev int64, err error) {
	return db.loop.write(ctx, w)
}

// Present shows rows, or columns of rows, whose truth lies elsewhere in etcd:
// those that schema.OwnerChassis owns. Other columns of the rows given are not
// looked at; nil is what nobody shows, which is as a client wrote it then, if one
// has. A row that breaks a rule is left out: see LeftOut. rev is the revision at
// which they were read. Nothing is written but what follows from it (weak
// references cleared in our own columns, what clients wrote of what is shown now).
func (db *DB) Present(ctx context.Context, rev int64, changes []Change) error {
	return db.loop.present(ctx, rev, changes)
}

// Subscribe starts a feed with the current snapshot. queue bounds how many
// commits may wait; 0 means 1000.
func (db *DB) Subscribe(queue int) *Subscription { return db.feed.subscribe(queue) }

// Snapshot returns the newest committed state.
func (db *DB) Snapshot() *Snapshot { return db.feed.snapshot() }

// Rows iterates over a table of the newest snapshot.
func (db *DB) Rows(table string) iter.Seq[schema.Row] { return db.Snapshot().Rows(table) }

// Get returns a row of the newest snapshot, or nil.
func (db *DB) Get(table string, id schema.UUID) schema.Row { return db.Snapshot().Get(table, id) }

// Since returns what leads from the state that id names to s, as one commit, or
// none where they are the same; false if that state is no longer, or was never,
// known. A snapshot older than the history has room for is not.
func (db *DB) Since(id schema.UUID, s *Snapshot) ([]*Commit, bool) {
	list, ok := db.feed.since(id, s.Seq)
	if !ok || len(list) == 0 {
		return nil, ok
	}
	return []*Commit{rewind(db.layout, list, s)}, true
}

// Changes returns what a commit did to one table, by row. For a virtual table
// it expands the blobs that changed.
func (db *DB) Changes(c *Commit, t *schema.Table) []Change {
	return db.layout.changes(c, db.layout.byName[t.Name], db.badBlob)
}

// Virtual tells whether a table is presented from blobs.
func (db *DB) Virtual(t *schema.Table) bool { return db.layout.byName[t.Name].virtual != nil }

// Problems returns what lies under the prefix and is not served, and why.
func (db *DB) Problems() []Problem { return db.loop.m.listProblems() }

// Record tells which row a blob is the record of, if of any: see Config.Records.
func (db *DB) Record(path string) (t *schema.Table, id schema.UUID, ok bool) {
	key, ok := db.layout.parseRecord(path)
	if !ok {
		return nil, id, false
	}
	return key.t.Table, key.id, true
}

// LeftOut returns the presented rows that are not shown, and why: each until it
// is presented again and breaks no rule any more. What one of them needs may
// come with any later change.
func (db *DB) LeftOut() []Problem { return db.loop.m.listLeft() }

// Close stops the database. What waits is answered with an error.
func (db *DB) Close() { db.loop.close() }
