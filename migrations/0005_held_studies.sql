create index study_held on study (changed_at) where state = 'held';                        -- what waits for a person
