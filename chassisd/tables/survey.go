package tables

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// surveyTables say of the chunks of local datapaths and groups what must be
// known before any of their flows is lowered.
type surveyTables struct {
	chunks *incr.Table[Path, survey]
	bySet  *incr.Index[Path, survey, string] // by name of an address set
	// choices are the texts that choose, by flow.
	choices *incr.Index[choice, struct{}, schema.UUID]
}

// survey is what there is in a chunk.
type survey struct {
	stages  stageUse // where stages are elided
	sets    []string // names of address sets, sorted
	choices []choice
}

func (s survey) equal(o survey) bool {
	return s.stages == o.stages && slices.Equal(s.sets, o.sets) && slices.Equal(s.choices, o.choices)
}

func (t *Tables) surveyChunks() {
	s := &t.survey
	s.chunks = incr.NewTable(t.Engine, "survey", survey.equal, incr.Keys(t.Chunks), t.surveyChunk)
	s.bySet = incr.NewIndex(s.chunks, "address set", func(_ Path, s survey) []string { return s.sets })
	t.joinChoices()
}

func (t *Tables) surveyChunk(r *incr.Reader, p Path) (s survey, ok bool) {
	elides := t.elides(r)
	addSet := func(set string) { s.sets = append(s.sets, strings.Clone(set)) } // a text pins its chunk
	note := func(f *sb.Flow) {
		if elides {
			s.stages.add(f)
		}
		lflow.AddressSets(f.Match, addSet)
		lflow.AddressSets(f.Actions, addSet)
		if chooses(f.Actions) {
			s.choices = append(s.choices, choiceOf(f))
		}
	}
	if shared, ok := incr.Get(r, t.shared.decoded, p); ok {
		for i := range shared.flows {
			note(&shared.flows[i])
		}
	} else {
		if !incr.Has(r, t.Local, p.Owner) {
			return s, false
		}
		chunk, _ := incr.Get(r, t.Chunks, p)
		if sb.EachFlow([]byte(chunk), func(f *sb.Flow) { t.expand(r, f, note) }) != nil {
			return survey{}, true // whoever lowers it complains
		}
	}
	slices.Sort(s.sets)
	s.sets = slices.Compact(s.sets)
	return s, true
}
