-- A closed interval of a task, which is what the retention job takes first.
INSERT INTO interval VALUES
    (106, 'task', 'ecs:production', '111122223333', 'us-east-1', 'main', 'arn:aws:ecs:us-east-1:111122223333:task/main/9f8e', 1777714800000000, 1777714830000000, '{}');
