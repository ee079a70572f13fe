package store

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
)

// CheckForm tells whether what lies below a prefix is stored in a form that this
// program knows; the error is a schema.ErrForm where it is not. rev is the
// revision that this was read at.
func CheckForm(ctx context.Context, c *clientv3.Client, prefix string) (rev int64, err error) {
	return readForm(ctx, &Config{Client: c, Prefix: prefix}, 0)
}

// readForm checks the form as of a revision, the newest for 0.
func readForm(ctx context.Context, cfg *Config, rev int64) (at int64, err error) {
	key := cfg.Prefix + schema.FormPath
	r, err := cfg.Client.Get(ctx, key, clientv3.WithRev(rev))
	if err != nil {
		return 0, fmt.Errorf("store: read %s: %w", key, err)
	}
	var data []byte
	if len(r.Kvs) > 0 {
		data = notNil(r.Kvs[0].Value)
	}
	if _, err := schema.ParseForm(key, data); err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	return r.Header.Revision, nil
}

// knownForm refuses a blob that says that a later program has been here.
func knownForm(prefix string, b BlobChange) error {
	if b.Path != schema.FormPath {
		return nil
	}
	_, err := schema.ParseForm(prefix+b.Path, b.New)
	return err
}

// CarryForward brings what older programs have stored into the form of this
// one, in as many etcd transactions as that takes, and says so in the key
// schema.FormPath. The leader calls it before it writes anything else. It may be
// cut off anywhere: what is there means the same after each transaction, and the
// next call goes on. by is this program's version.
func (db *DB) CarryForward(ctx context.Context, by string) error {
	now, err := schema.ParseForm(db.cfg.Prefix+schema.FormPath, db.Snapshot().Blob(schema.FormPath))
	if err != nil {
		return err
	}
	want, odd := schema.Form{Form: schema.CurrentForm, By: by}, db.Snapshot().state.toRewrite()
	known := db.Snapshot().Blob(schema.FormPath) != nil
	if known && now.Form == want.Form && now.From == 0 && odd == nil {
		return nil
	}
	if odd != nil && now.Form < want.Form {
		// From here on no older program may touch it.
		part := want
		part.From = now.Form
		if err := db.writeForm(ctx, part); err != nil {
			return err
		}
	}
	if odd != nil {
		if _, err := db.Write(ctx, Write{carry: true, Split: true, Client: carrier, Comment: "carried forward"}); err != nil {
			return fmt.Errorf("store: carry %s forward: %w", db.cfg.Prefix, err)
		}
	}
	return db.writeForm(ctx, want)
}

// toRewrite returns the columns whose keys are to be written anew though nothing
// about them changes.
func (s *state) toRewrite() (list []*oddColumn) {
	for _, odd := range s.odd.all() {
		if odd.whole {
			list = append(list, odd)
		}
	}
	return list
}

// carry writes the columns that are stored in another form in this one.
func (m *machine) carry() outcome {
	out := outcome{next: m.pending.edit()}
	for _, odd := range m.pending.toRewrite() {
		e := m.pending.get(odd.key.t, odd.key.id)
		out.ops = m.enc.rewrite(out.ops, m.enc.rowKey(odd.key.t, odd.key.id), odd.c, e.row, odd.parts)
		out.next.odd.delete(out.next.e, oddKey(odd.key, odd.c))
	}
	return out
}

func (db *DB) writeForm(ctx context.Context, f schema.Form) error {
	_, err := db.Write(ctx, Write{
		Blobs:  []BlobChange{{Path: schema.FormPath, New: f.Encode()}},
		Client: carrier, Comment: fmt.Sprintf("stored in form %d", f.Form),
	})
	if err != nil {
		return fmt.Errorf("store: write %s%s: %w", db.cfg.Prefix, schema.FormPath, err)
	}
	return nil
}

// carrier is the Commit.Client of what CarryForward writes.
const carrier = "form"
