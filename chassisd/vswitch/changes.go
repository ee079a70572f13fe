package vswitch

// Changes is what became different since the last one that was received. A nil
// row in a map means that the row is gone.
type Changes struct {
	// Connected tells whether the database can be reached now, Err why not.
	Connected bool
	Err       error
	// Synced is true from the first complete reading on.
	Synced bool

	Open          map[string]*OpenvSwitch
	Bridges       map[string]*Bridge
	Ports         map[string]*Port
	Interfaces    map[string]*Interface
	CollectorSets map[string]*CollectorSet
}

// set records the row (nil: gone) under its table.
func (c *Changes) set(table, uuid string, row any) {
	switch table {
	case tableOpen:
		put(&c.Open, uuid, row)
	case tableBr:
		put(&c.Bridges, uuid, row)
	case tablePort:
		put(&c.Ports, uuid, row)
	case tableIface:
		put(&c.Interfaces, uuid, row)
	case tableCollSets:
		put(&c.CollectorSets, uuid, row)
	}
}

func put[T any](m *map[string]*T, uuid string, row any) {
	if *m == nil {
		*m = make(map[string]*T)
	}
	r, _ := row.(*T)
	(*m)[uuid] = r
}
