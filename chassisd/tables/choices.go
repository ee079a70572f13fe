package tables

import (
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// A select group has its number from the logical flow that it is for, without
// the actions: so it keeps it when a backend comes or goes, and shares it with
// the same flow of other datapaths and units. Whoever shares a number must want
// the same body, at each commit. Hence where flows of one name have different
// actions, as routes of two routers may, or units of which one is not up to date
// yet, the actions are part of the name.

// choice is a flow that chooses a bucket, and what it does.
type choice struct{ flow, actions schema.UUID }

// chooses tells whether actions may need a group; of others it may say so too.
func chooses(actions string) bool {
	return strings.Contains(actions, "ct_lb") || strings.Contains(actions, "select") || strings.Contains(actions, "fwd_group")
}

func choiceOf(f *sb.Flow) choice {
	return choice{
		flow: schema.NameUUID("flow", strconv.Itoa(int(f.Pipeline)), strconv.Itoa(int(f.Table)), strconv.Itoa(int(f.Priority)),
			f.Match, string(f.Hint[:])),
		actions: schema.NameUUID("actions", f.Actions),
	}
}

// joinChoices declares what flows of one name do.
func (t *Tables) joinChoices() {
	inChunks := incr.NewIndex(t.survey.chunks, "choices", func(_ Path, s survey) []choice { return s.choices })
	all := incr.NewTable(t.Engine, "choices", incr.Eq[struct{}], incr.Values(inChunks),
		func(*incr.Reader, choice) (struct{}, bool) { return struct{}{}, true })
	t.survey.choices = incr.NewIndex(all, "flow", func(c choice, _ struct{}) []schema.UUID { return one(c.flow) })
}

// selectName is what the nth group of a flow is called; for kind see lower.Env.Group.
func (t *Tables) selectName(r *incr.Reader, f *sb.Flow, kind string, nth int) string {
	c := choiceOf(f)
	if incr.Count(r, t.survey.choices, c.flow) == 1 {
		c.actions = schema.UUID{}
	}
	name := schema.NameUUID(string(c.flow[:]), string(c.actions[:]), kind, strconv.Itoa(nth))
	return string(name[:])
}
