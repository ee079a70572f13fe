package schema

import "fmt"

// EncodeRow writes a row as it lies in etcd: a JSON object of columns by name
// with their natural JSON values (a set is an array, a map an object, a UUID
// its text). Columns that are zero or have Members are left out, and those
// that filter, if not nil, refuses. Equal rows give equal bytes.
func EncodeRow(t *Table, row Row, filter func(*Column) bool) []byte {
	b := append(make([]byte, 0, 256), '{')
	for _, c := range t.Columns {
		if c.Members || filter != nil && !filter(c) {
			continue
		}
		p := c.at(row)
		if c.shape.isZero(p) {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), c.Name...), '"', ':')
		b = c.shape.appendJSON(b, p)
	}
	return append(b, '}')
}

// DecodeRow reads what EncodeRow wrote. It checks every column that is there
// against its type; columns that are not there are zero. Columns that are
// unknown are passed over: a later version wrote them. It never panics.
func DecodeRow(t *Table, id UUID, data []byte) (Row, error) {
	row := t.blank(id)
	r := reader{data: data}
	err := r.object(func(name string) error {
		c := t.byName[name]
		if c == nil || c.Index < 0 || c.Members {
			return r.skip()
		}
		p := c.at(row)
		if err := c.shape.readJSON(&r, p); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		if err := c.checkAt(p); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		return nil
	})
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return nil, fmt.Errorf("schema: %s %s: %w", t.Name, id, err)
	}
	return row, nil
}

// checkAt is Type.Check without boxing what any value of the kind passes: the
// reader lets no bad string through and sorts what it reads.
func (c *Column) checkAt(p place) error {
	if err := c.Type.checkCount(c.shape.size(p)); err != nil {
		return err
	}
	if c.Type.Key.isPlain() && (!c.Type.IsMap() || c.Type.Value.isPlain()) {
		return nil
	}
	var err error
	c.shape.each(p, func(k, v Atom) bool {
		if err = c.Type.Key.Check(k); err == nil && c.Type.IsMap() {
			err = c.Type.Value.Check(v)
		}
		return err == nil
	})
	return err
}
