package serve

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// ourselves is the Commit.Client of what northd writes.
const ourselves = "northd"

// mend asks for what is northd's to stand as it was, where commits of others
// have changed it, and tells whether they have.
func (l *leading) mend(commits []*store.Commit) (changed bool) {
	rows := map[string]map[schema.UUID]bool{}
	for _, c := range commits {
		if !foreign(c.Client) {
			continue
		}
		for _, ch := range c.Changes {
			if !l.ours(ch) {
				continue
			}
			changed = true
			if ch.Table.Name == "SB_Global" { // looked at with each commit
				continue
			}
			if rows[ch.Table.Name] == nil {
				rows[ch.Table.Name] = map[schema.UUID]bool{}
			}
			rows[ch.Table.Name][ch.UUID] = true
		}
		for _, b := range c.Blobs {
			if strings.HasPrefix(b.Path, sb.FlowsPath) {
				changed, l.out.spoilt[strings.TrimPrefix(b.Path, sb.FlowsPath)] = true, true
			}
		}
		if changed {
			l.log.Info("a client has written what is northd's; it is made as it was", "client", c.Client, "revision", c.Rev)
		}
	}
	if !changed {
		return false
	}
	l.out.add(l.sb.Schema(), l.compiler.Wanted(rows))
	return true
}

// foreign tells of a commit's clients whether one of them is none of our own.
func foreign(clients string) bool {
	for name := range strings.SplitSeq(clients, ", ") {
		if name != ourselves && name != store.Presenter {
			return true
		}
	}
	return false
}

// ours tells of a change whether northd alone has to make such.
func (l *leading) ours(ch store.Change) bool {
	if ch.Table.Name != "SB_Global" && !slices.Contains(l.out.tables, ch.Table.Name) {
		return false
	}
	return slices.ContainsFunc(ch.Columns(), func(c *schema.Column) bool { return c.Owner != schema.OwnerChassis })
}
