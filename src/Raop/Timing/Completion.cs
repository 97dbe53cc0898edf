namespace Raop.Timing;

/// <summary>
/// Whether a ValueTask that a loop has begun is over; the loop's bell rings then. The task itself is asked once, and then for its result: a source that is used
/// again and again may still hold it for a moment after it has begun to say that it is complete.
/// </summary>
internal sealed class Completion
{
    private volatile bool _isOver;

    /// <param name="bell">The loop's.</param>
    public Completion(Bell bell) => Over = () =>
    {
        _isOver = true;
        bell.Ring();
    };

    /// <summary>For the task to call when it is complete, unless it is to begin with.</summary>
    public Action Over { get; }

    /// <summary>Whether one has begun and its result has not been taken.</summary>
    public bool IsRunning { get; private set; }

    public bool IsOver => _isOver;

    /// <param name="isOver">Whether the task is complete.</param>
    /// <returns>Whether it is to call <see cref="Over"/>.</returns>
    public bool Begin(bool isOver)
    {
        IsRunning = true;
        _isOver = isOver;
        return !isOver;
    }

    /// <summary>Its result is taken.</summary>
    public void Take() => IsRunning = false;
}
