{# A dimension of versions that lost many living members within the days before its latest version. (A deletion adds
   a version, so that no count of rows tells.) Days, and not a moment, since what was blocked once would pass with
   the first change that comes after it. Few members may go as they like. #}
{% test members_deleted_at_once(model, max_percent, days=7, at_least=20) %}
select counted.members, counted.previous_members
from (
    select
        sum(case when versions.is_current then 1 else 0 end) as members,
        sum(
            case
                when versions.valid_from < latest.since
                    and coalesce(versions.valid_to, latest.since) >= latest.since then 1
                else 0
            end
        ) as previous_members
    from {{ model }} as versions
    cross join (
        select max(valid_from) - interval '{{ days }}' day as since
        from {{ model }}
    ) as latest
    where not versions.is_deleted and not versions.is_inferred
) as counted
where
    counted.previous_members >= {{ at_least }}
    and counted.members * 100 < counted.previous_members * (100 - {{ max_percent }})
{% endtest %}
