"""fairseq tasks; importing the package registers them."""

from interactive_st.tasks.joint_speech_to_text import JointSpeechToTextTask

__all__ = ["JointSpeechToTextTask"]
