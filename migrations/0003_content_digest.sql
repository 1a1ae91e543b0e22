create index instance_undigested on instance (id) where sha256 is null;                    -- the background pass that fills sha256
